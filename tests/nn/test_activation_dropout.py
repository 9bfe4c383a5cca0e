from typing import Any

import pytest
import torch
from torch import nn

from torchdrop import nn as torchdrop_nn
from torchdrop.errors import SettingError
from torchdrop.nn import ActivationDropout


def test_it_is_found_by_code_that_looks_for_dropout_layers() -> None:
    layer = ActivationDropout("relu", 0.3)

    assert isinstance(layer, torchdrop_nn.Dropout)
    assert isinstance(layer, nn.Dropout)
    assert layer.p == 0.3


@pytest.mark.parametrize(
    ("module", "name"),
    [
        (nn.ReLU(), "relu"),
        (nn.LeakyReLU(), "leaky_relu"),
        (nn.GELU(), "gelu"),
        (nn.GELU(approximate="tanh"), "gelu_tanh"),
        (nn.SiLU(), "silu"),
    ],
)
def test_torchs_layers_are_read(module: nn.Module, name: Any) -> None:
    x = torch.randn(50)
    layer = ActivationDropout(module, 0.3)

    assert repr(layer) == repr(ActivationDropout(name, 0.3))
    assert torch.equal(layer.eval()(x), module(x))


def test_the_slope_is_read_from_torchs_layer() -> None:
    layer = ActivationDropout(nn.LeakyReLU(0.25), negative_slope=0.5).eval()

    assert layer(torch.tensor([-4.0])).item() == -1.0


class _Own(nn.ReLU):
    pass


@pytest.mark.parametrize("activation", [nn.Tanh(), nn.ReLU, _Own(), None, 0.5])
def test_anything_else_is_refused_with_what_is_supported(activation: Any) -> None:
    with pytest.raises(SettingError, match=r"relu, leaky_relu, .*torch\.nn\.ReLU, LeakyReLU, GELU"):
        ActivationDropout(activation)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(SettingError, match="got 'tanh'"):
        ActivationDropout("tanh")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("activation", "supported"),
    [("relu", True), ("tanh", False), (nn.GELU(), True), (nn.ELU(), False), (_Own(), False)],
)
def test_it_says_what_it_supports(activation: str | nn.Module, supported: bool) -> None:
    assert ActivationDropout.supports(activation) is supported


def test_the_repr_shows_the_settings() -> None:
    assert repr(ActivationDropout("silu", 0.25)) == (
        "ActivationDropout(activation='silu', p=0.25, inplace=False)"
    )
    assert repr(ActivationDropout("leaky_relu", scale="eval", negative_slope=0.1)) == (
        "ActivationDropout(activation='leaky_relu', p=0.5, inplace=False, scale='eval',"
        " negative_slope=0.1)"
    )


def test_a_keep_probability_is_read_as_one() -> None:
    layer = ActivationDropout.from_keep_probability(0.8, activation="silu")

    assert layer.activation == "silu"
    assert layer.p == pytest.approx(0.2)


def test_inplace_writes_into_the_input() -> None:
    x = torch.full((64,), 3.0)
    y = ActivationDropout("relu", 0.5, inplace=True)(x)

    assert y is x
    assert set(x.tolist()) == {0.0, 6.0}


def test_classic_scaling_moves_the_factor_to_evaluation() -> None:
    layer, x = ActivationDropout("relu", 0.25, scale="eval"), torch.tensor([-1.0, 4.0])

    assert layer.eval()(x).tolist() == [0.0, 3.0]
