import math
from collections.abc import Callable
from typing import Any, get_args

import pytest
import torch
from torch import Tensor, nn

from torchdrop.errors import SettingError
from torchdrop.functional import (
    Activation,
    activation_dropout,
    activation_dropout_,
    dropout,
)

pytestmark = pytest.mark.usefixtures("each_kernel")

TORCHS: dict[Activation, Callable[[Tensor], Tensor]] = {
    "relu": nn.ReLU(),
    "leaky_relu": nn.LeakyReLU(0.2),
    "gelu": nn.GELU(),
    "gelu_tanh": nn.GELU(approximate="tanh"),
    "silu": nn.SiLU(),
}


@pytest.fixture(params=TORCHS)
def activation(request: pytest.FixtureRequest) -> Any:
    return request.param


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _run(x: Tensor, activation: Activation, p: float = 0.4, **settings: Any) -> Tensor:
    settings.setdefault("training", True)
    settings.setdefault("generator", _generator())
    return activation_dropout(x, activation, p, **{"negative_slope": 0.2} | settings)


def test_every_activation_is_compared_with_torchs_layer() -> None:
    assert set(TORCHS) == set(get_args(Activation))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("scale", ["train", "eval"])
def test_it_is_dropout_after_the_activation(
    activation: Activation, dtype: torch.dtype, scale: Any
) -> None:
    x = torch.randn(40, 25, generator=_generator(1)).to(dtype)
    y = _run(x, activation, scale=scale)
    expected = dropout(
        TORCHS[activation](x), 0.4, training=True, scale=scale, generator=_generator()
    )

    torch.testing.assert_close(y, expected)
    assert torch.equal(y == 0, expected == 0)


def test_exactly_one_seed_is_drawn(activation: Activation) -> None:
    generators = _generator(), _generator()
    x = torch.ones(3)
    _run(x, activation, generator=generators[0])
    dropout(x, 0.4, training=True, generator=generators[1])

    assert torch.equal(generators[0].get_state(), generators[1].get_state())


@pytest.mark.parametrize(("training", "p"), [(False, 0.4), (True, 0.0)])
def test_without_dropping_it_is_the_activation_and_draws_nothing(
    activation: Activation, training: bool, p: float
) -> None:
    x, generator = torch.randn(50), _generator()
    y = _run(x, activation, p, training=training, generator=generator)

    assert torch.equal(y, TORCHS[activation](x))
    assert torch.equal(generator.get_state(), _generator().get_state())


def test_the_input_is_not_written_to(activation: Activation) -> None:
    x = torch.randn(50)
    before = x.clone()
    _run(x, activation)

    assert torch.equal(x, before)


def test_gradcheck_and_double_backward(activation: Activation) -> None:
    # Away from 0, where some activations have a kink.
    x = torch.randn(4, 7, dtype=torch.float64, generator=_generator(2))
    x = (x + 0.1 * x.sign()).requires_grad_()

    assert torch.autograd.gradcheck(lambda x: _run(x, activation), (x,))
    assert torch.autograd.gradgradcheck(lambda x: _run(x, activation) ** 2, (x,))


def test_dropped_infinities_and_nans_are_zero(activation: Activation) -> None:
    x = torch.tensor([math.nan, math.inf]).repeat(256)
    kept = dropout(torch.ones(512), 0.4, training=True, generator=_generator()) != 0
    y = _run(x, activation)

    assert (y[~kept] == 0).all()
    assert not y[kept].isfinite().any()


def test_strides_do_not_change_the_result(activation: Activation) -> None:
    x = torch.randn(30, 20)

    torch.testing.assert_close(_run(x.t().contiguous().t(), activation), _run(x, activation))


def test_in_place_writes_into_the_argument_and_has_the_same_gradient(
    activation: Activation,
) -> None:
    leaf = torch.randn(60, requires_grad=True)
    x = leaf * 1
    y = activation_dropout_(x, activation, 0.4, training=True, generator=_generator())
    expected = _run(leaf, activation, negative_slope=0.01)

    assert y is x
    assert torch.equal(y, expected)
    assert torch.equal(*(torch.autograd.grad(z.sum(), leaf)[0] for z in (y, expected)))


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan, True])
def test_p_out_of_range_is_refused(p: float) -> None:
    with pytest.raises(SettingError, match="p is the probability of dropping"):
        _run(torch.ones(2), "relu", p)


def test_an_unknown_activation_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingError, match="relu, leaky_relu, gelu, gelu_tanh, silu; got 'tanh'"):
        _run(torch.ones(2), "tanh")  # type: ignore[arg-type]


def test_an_unknown_scale_is_refused() -> None:
    with pytest.raises(SettingError, match="'train' or 'eval'; got 'both'"):
        _run(torch.ones(2), "relu", scale="both")


@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.complex64])
@pytest.mark.parametrize("training", [True, False])
def test_other_dtypes_are_refused(
    activation: Activation, dtype: torch.dtype, training: bool
) -> None:
    with pytest.raises(TypeError, match="floating point tensors; got torch"):
        _run(torch.ones(3, dtype=dtype), activation, training=training)
