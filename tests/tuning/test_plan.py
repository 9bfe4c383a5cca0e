"""Which engine trains a grid, and why."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from torchdrop import networks, tune
from torchdrop.data import Dataset
from torchdrop.errors import SettingError
from torchdrop.kernels import TORCH, Routes
from torchdrop.nn import Dropout
from torchdrop.training import TrainingSettings
from torchdrop.tuning import Choice, Matmul, NetworkFactory, Plan, Start
from torchdrop.tuning import _plan as planning
from torchdrop.tuning._grid import Grid

SMALL = networks.MLP((2, 8, 3))
ONEDNN = Routes("onednn", "torch", "onednn")


class _Branching(nn.Module):
    def __init__(self, p: float) -> None:
        super().__init__()
        self.linear, self.drop = nn.Linear(2, 3), Dropout(p)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.drop(self.linear(x))
        return y if y.sum() > 0 else -y


def _plan(
    data: Dataset,
    choice: Choice = "auto",
    matmul: Matmul = "auto",
    make_network: NetworkFactory = SMALL,
) -> Plan:
    grid = Grid.of([0.5], 2)
    return planning.plan_for(choice, matmul, make_network, data, TrainingSettings(), grid)


def test_small_networks_are_stacked(small_data: Dataset) -> None:
    plan = _plan(small_data)

    assert plan.engine == "stacked"
    assert plan.members > 100
    assert not plan.routes


def test_the_larger_the_network_the_smaller_the_stack(small_data: Dataset) -> None:
    wide = _plan(small_data, make_network=networks.MLP((2, 300, 300, 3)))

    assert 1 < wide.members < _plan(small_data).members


def test_what_cannot_be_stacked_is_looped_and_the_reason_is_given(small_data: Dataset) -> None:
    plan = _plan(small_data, make_network=_Branching)

    assert (plan.engine, plan.members) == ("loop", 1)
    assert "vmap" in plan.reason


def test_networks_too_large_for_a_stack_are_trained_alone_by_the_faster_library(
    small_data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "BUDGET", 1)
    monkeypatch.setattr(planning, "choose_routes", lambda *_, **__: ONEDNN)
    plan = _plan(small_data)

    assert (plan.engine, plan.members) == ("stacked", 1)
    assert plan.routes == {"0": ONEDNN, "3": ONEDNN}
    assert _plan(small_data, matmul="torch").engine == "loop"


def test_networks_too_large_for_a_stack_are_looped_where_torch_multiplies_best(
    small_data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "BUDGET", 1)
    monkeypatch.setattr(planning, "choose_routes", lambda *_, **__: TORCH)

    assert _plan(small_data).engine == "loop"


def test_a_stack_that_is_asked_for_is_a_stack(
    small_data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "BUDGET", 1)

    assert _plan(small_data, "stacked").members == 2


def test_routes_change_nothing_but_rounding(
    small_data: Dataset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    settings = {"p": [0.5], "seeds": 1, "epochs": 2, "batch_size": 16}
    plain = tune(SMALL, small_data, engine="loop", **settings)  # type: ignore[arg-type]
    monkeypatch.setattr(planning, "BUDGET", 1)
    monkeypatch.setattr(planning, "choose_routes", lambda *_, **__: ONEDNN)
    starts: list[Start] = []
    routed = tune(SMALL, small_data, out=tmp_path, on_start=starts.append, **settings)  # type: ignore[arg-type]

    assert starts[0].plan.routes == {"0": ONEDNN, "3": ONEDNN}
    assert routed.settings["matmul"]["0"] == ONEDNN.to_dict()
    for one, other in zip(plain.members, routed.members, strict=True):
        assert one.test_loss == pytest.approx(other.test_loss, rel=1e-4)


def test_a_resumed_run_keeps_the_routes_it_began_with(
    small_data: Dataset, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(planning, "BUDGET", 1)
    monkeypatch.setattr(planning, "choose_routes", lambda *_, **__: ONEDNN)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    settings = {"p": [0.5], "seeds": 1, "epochs": 2, "out": tmp_path}
    with pytest.raises(KeyboardInterrupt):
        tune(SMALL, small_data, on_progress=stop, **settings)  # type: ignore[arg-type]
    other = Routes("torch", "onednn", "torch")
    monkeypatch.setattr(planning, "choose_routes", lambda *_, **__: other)
    result = tune(SMALL, small_data, existing="resume", **settings)  # type: ignore[arg-type]

    assert result.settings["matmul"]["0"] == ONEDNN.to_dict()


def test_unknown_choices_are_refused(small_data: Dataset) -> None:
    with pytest.raises(SettingError, match=r"engine is one of auto, loop, stacked; got 'fast'"):
        _plan(small_data, "fast")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match=r"matmul is one of auto, torch; got 'mkl'"):
        _plan(small_data, "auto", "mkl")  # type: ignore[arg-type]


def test_planning_leaves_torchs_generator_alone(small_data: Dataset) -> None:
    before = torch.get_rng_state()
    _plan(small_data)

    assert torch.equal(before, torch.get_rng_state())
