"""Sound dropouts are healthy, torch's has just the defects that are known, and nothing is moved."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from torchdrop import functional
from torchdrop.errors import SettingError, SickDropoutError
from torchdrop.nn import (
    DropBlock2d,
    DropConnect,
    Dropout,
    Dropout1d,
    Dropout2d,
    DropPath,
    GaussianDropout,
    LockedDropout,
    WeightDrop,
    weight_drop,
)
from torchdrop.testing import CHECKS, check_dropout

HEALTHY: dict[str, tuple[nn.Module, dict[str, Any]]] = {
    "Dropout": (Dropout(0.1), {}),
    "Dropout-inplace": (Dropout(0.1, inplace=True), {}),
    "Dropout-classic": (Dropout(0.1, scale="eval"), {"scale": "eval"}),
    "Dropout-rows": (Dropout(0.1, dims=(0,)), {"shared_axes": (1,)}),
    "Dropout-features": (Dropout(0.1, dims=(-1,)), {"shared_axes": (0,)}),
    "Dropout1d": (Dropout1d(0.1), {"shape": (16, 25, 9), "shared_axes": (2,)}),
    "Dropout2d": (Dropout2d(0.1), {"shape": (16, 16, 7, 7), "shared_axes": (-2, -1)}),
    "DropPath": (DropPath(0.1), {"shared_axes": (1,)}),
    "DropPath-batch": (DropPath(0.1, "batch"), {"shared_axes": (0, 1)}),
    "LockedDropout": (LockedDropout(0.1), {"shape": (9, 16, 64), "shared_axes": (0,)}),
    "DropBlock2d-7x7": (DropBlock2d(0.1, 7), {"shape": (64, 4, 7, 7), "shared_axes": (2, 3)}),
    # Blocks are shared by neighbors, not by a whole map.
    "DropBlock2d": (
        DropBlock2d(0.1, 3),
        {"shape": (8, 4, 14, 14), "shared_axes": (2, 3), "expect": ("shared axes",)},
    ),
    "WeightDrop": (WeightDrop(0.1), {}),
    "weight_drop": (weight_drop(nn.Linear(256, 8), p=0.1), {"elementwise": False}),
    "DropConnect": (DropConnect(256, 8, p=0.1), {"elementwise": False}),
    "GaussianDropout": (GaussianDropout(0.1), {"elementwise": False}),
}


@pytest.mark.parametrize(("layer", "settings"), HEALTHY.values(), ids=HEALTHY)
def test_layers_of_torchdrop_are_healthy(layer: nn.Module, settings: dict[str, Any]) -> None:
    check_dropout(layer, 0.1, **settings).raise_if_sick()


@pytest.mark.parametrize("p", [0.001, 0.2, 0.25, 0.37, 0.5, 0.9])
def test_dropout_is_healthy_at_every_rate(p: float) -> None:
    check_dropout(Dropout(p), p).raise_if_sick()


@pytest.mark.parametrize("seed", range(1, 11))
def test_no_seed_raises_a_false_alarm(seed: int) -> None:
    check_dropout(Dropout(0.1), 0.1, seed=seed).raise_if_sick()


def test_dropout_as_a_function_is_healthy() -> None:
    def function(p: float) -> Any:
        return lambda x, training: functional.dropout(x, p, training=training)

    diagnosis = check_dropout(function(0.1), 0.1, build=function)

    assert diagnosis.healthy, str(diagnosis)
    assert {s.check for s in diagnosis.symptoms if s.verdict == "skipped"} == {
        "parent's evaluation",
        "weights",
        "parameters",
        "deepcopy",
    }


@pytest.mark.parametrize(
    ("layer", "settings"),
    [
        (nn.Dropout(0.1), {}),
        (nn.Dropout2d(0.1), {"shape": (16, 16, 7, 7), "shared_axes": (2, 3)}),
    ],
)
def test_torch_has_the_defects_that_are_known(layer: nn.Module, settings: dict[str, Any]) -> None:
    diagnosis = check_dropout(layer, 0.1, **settings)

    assert [s.check for s in diagnosis.sick] == [
        "scale in bfloat16",
        "scale in float16",
        "invalid p",
        "dropped infinity",
    ]


def test_the_scale_of_torch_in_bfloat16_is_that_of_the_rounded_number() -> None:
    diagnosis = check_dropout(nn.Dropout(0.1), 0.1)
    symptom = next(s for s in diagnosis.symptoms if s.check == "scale in bfloat16")
    rounded = float(torch.tensor(1 / 0.9, dtype=torch.bfloat16))

    assert symptom.measured == pytest.approx(100 * (rounded * 0.9 - 1), abs=symptom.bound)


def test_what_is_expected_is_reported_and_does_not_count() -> None:
    known = {"scale in bfloat16", "scale in float16", "invalid p", "dropped infinity"}

    diagnosis = check_dropout(nn.Dropout(0.1), 0.1, expect=known)

    assert {s.check for s in diagnosis.symptoms if s.verdict == "expected"} == known
    diagnosis.raise_if_sick()


def test_a_sick_dropout_fails_a_test_with_the_report() -> None:
    diagnosis = check_dropout(nn.Dropout(0.1), 0.1)

    with pytest.raises(SickDropoutError, match="dropped elements that stay NaN") as caught:
        diagnosis.raise_if_sick()
    assert isinstance(caught.value, AssertionError)
    assert str(caught.value) == str(diagnosis)


def test_the_examination_can_be_repeated() -> None:
    assert check_dropout(Dropout(0.1), 0.1) == check_dropout(Dropout(0.1), 0.1)


def test_neither_random_state_nor_modes_nor_gradients_are_moved() -> None:
    layer = nn.Sequential(nn.Linear(256, 8).eval(), nn.Dropout(0.1))
    layer[0].weight.grad = gradient = torch.ones(8, 256)
    state = torch.get_rng_state()

    check_dropout(layer, 0.1, elementwise=False)

    assert torch.equal(torch.get_rng_state(), state)
    assert [module.training for module in layer.modules()] == [True, False, True]
    assert layer[0].weight.grad is gradient


def test_an_exception_is_a_symptom() -> None:
    def broken(x: Tensor, training: bool) -> Tensor:
        raise ArithmeticError("no luck")

    diagnosis = check_dropout(broken, 0.1)

    assert all(s.verdict in ("sick", "skipped") for s in diagnosis.symptoms)
    assert diagnosis.symptoms[0].quantity == "raises ArithmeticError: no luck"


@pytest.mark.parametrize("output", [lambda x: (x, x), lambda x: x.sum(0)])
def test_outputs_that_cannot_be_compared_are_a_symptom(output: Any) -> None:
    diagnosis = check_dropout(lambda x, training: output(x), 0.1)

    assert "raises TypeError: it gives" in diagnosis.symptoms[0].quantity


def test_the_report_names_every_check_once() -> None:
    lines = str(check_dropout(Dropout(0.1), 0.1)).splitlines()

    assert sorted(line[10:38].strip() for line in lines if line[:2] in ("ok", "sk")) == sorted(
        CHECKS
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"p": 0.0}, "strictly between"),
        ({"p": float("nan")}, "strictly between"),
        ({"shape": ()}, "one axis or more"),
        ({"shape": (3, 0)}, "none of them empty"),
        ({"shared_axes": (2,)}, "axes of the input"),
        ({"effort": 0}, "1 or more"),
        ({"expect": ["rate"]}, "got rate"),
    ],
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingError, match=message):
        check_dropout(Dropout(0.1), **{"p": 0.1, **settings})
