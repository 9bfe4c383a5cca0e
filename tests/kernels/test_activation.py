"""One pass for an activation and dropout against the two apart, and against exact values."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from torchdrop import kernels
from torchdrop.kernels import can_fuse, masked_activation, masked_scale, using

SEED = 987654321
SLOPES = [0.01, -0.5, 1.7]
RECTIFIERS = [("relu", 0.0), *(("leaky_relu", slope) for slope in SLOPES)]
SMOOTH: dict[str, Callable[[Tensor], Tensor]] = {
    "gelu": F.gelu,
    "gelu_tanh": lambda x: F.gelu(x, approximate="tanh"),
    "silu": F.silu,
}
SPECIAL = [float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 1e-45, -1e-45, 3e38, -3e38]
FACTOR = 1.25
UNIT = 2.0**-24  # the rounding of one float32 operation, relative


def _apart(x: Tensor, p: float, activation: str, slope: float) -> Tensor:
    y = F.relu(x) if activation == "relu" else F.leaky_relu(x, slope)
    return masked_scale(y, SEED, p, FACTOR)


def _values(count: int, dtype: torch.dtype) -> Tensor:
    x = torch.randn(count, generator=torch.Generator().manual_seed(count), dtype=dtype)
    x[: len(SPECIAL)] = torch.tensor(SPECIAL, dtype=dtype)[:count]
    return x


@pytest.mark.parametrize(("activation", "slope"), RECTIFIERS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_rectifiers_are_those_of_the_two_apart_bit_for_bit(
    each_instruction_set: str, activation: str, slope: float, dtype: torch.dtype, p: float
) -> None:
    gradient = torch.randn(70_001, dtype=dtype)
    results = []
    for kernel, function in ((each_instruction_set, masked_activation), ("torch", None)):
        x = _values(70_001, dtype).requires_grad_()
        with using(kernel):
            assert can_fuse(x, activation) == (function is not None)
            if function:
                y = function(x, SEED, p, FACTOR, activation, slope)
            else:
                y = _apart(x, p, activation, slope)
            y.backward(gradient)  # type: ignore[no-untyped-call]
        results.append((y.detach(), x.grad))
    (y, grad), (expected, expected_grad) = results

    assert torch.allclose(y, expected, rtol=0, atol=0, equal_nan=True)
    assert grad is not None
    assert expected_grad is not None
    assert torch.allclose(grad, expected_grad, rtol=0, atol=0, equal_nan=True)


def _exact(x: Tensor, activation: str) -> tuple[Tensor, Tensor]:
    """Value and slope in float64, by torch."""
    wide = x.double().requires_grad_()
    y = SMOOTH[activation](wide)
    (slope,) = torch.autograd.grad(y.sum(), wide)
    return y.detach(), slope


@pytest.mark.parametrize("activation", SMOOTH)
def test_smooth_activations_are_within_a_bound_of_the_exact_value(
    each_instruction_set: str, activation: str
) -> None:
    """Some eight roundings of numbers below 2, and the fit: 16 units, relative to x."""
    x = torch.linspace(-30, 30, 200_001).requires_grad_()
    value, slope = _exact(x.detach(), activation)
    with using(each_instruction_set):
        y = masked_activation(x, SEED, 0.0, 1.0, activation)
        (gradient,) = torch.autograd.grad(y.sum(), x)

    assert ((y.double() - value).abs() <= 16 * UNIT * x.double().abs()).all()
    # A slope adds x times the error of the bell, whose exponent, of size x^2, is rounded too.
    assert ((gradient.double() - slope).abs() <= 32 * UNIT * (1 + x.double().abs())).all()


@pytest.mark.parametrize("activation", SMOOTH)
def test_smooth_activations_of_special_values_are_the_limits(
    each_instruction_set: str, activation: str
) -> None:
    """Torch's own GELU gives NaN at infinity and overflows from 1.7e38 on; ours does not."""
    x = torch.tensor([0.0, -0.0, 1e-45, 3e38, -3e38, 100.0, -100.0, -1e30, float("inf")])
    limits = torch.where(x > 1, x, 0.0)
    with using(each_instruction_set):
        y = masked_activation(x.repeat(7), SEED, 0.0, 1.0, activation)
        nans = masked_activation(torch.full((20,), float("nan")), SEED, 0.0, 1.0, activation)

    assert torch.allclose(y, limits.repeat(7), rtol=0, atol=1e-40)
    assert nans.isnan().all()


@pytest.mark.parametrize("activation", SMOOTH)
def test_smooth_activations_drop_where_dropout_does(
    each_instruction_set: str, activation: str
) -> None:
    x = torch.full((70_001,), 0.5, requires_grad=True)
    with using(each_instruction_set):
        y = masked_activation(x, SEED, 0.3, FACTOR, activation)
        (gradient,) = torch.autograd.grad(y.sum(), x)
        kept = masked_scale(torch.ones(70_001), SEED, 0.3, 1.0)

    assert torch.equal(y == 0, kept == 0)
    assert torch.equal(gradient == 0, kept == 0)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", *SMOOTH])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_16_bit_floats_are_those_of_float32_rounded_once(
    each_instruction_set: str, activation: str, dtype: torch.dtype
) -> None:
    x, gradient = _values(5_001, dtype), torch.randn(5_001).to(dtype)
    results = []
    for leaf in (x.clone().requires_grad_(), x.float().requires_grad_()):
        with using(each_instruction_set):
            y = masked_activation(leaf, SEED, 0.3, FACTOR, activation)
            y.backward(gradient.to(y.dtype))  # type: ignore[no-untyped-call]
        assert leaf.grad is not None
        results.append((y.detach().to(dtype), leaf.grad.to(dtype)))

    for narrow, wide in zip(*results, strict=True):
        assert torch.allclose(narrow, wide, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize(("activation", "slope"), RECTIFIERS[:2])
def test_gradients_are_those_of_finite_differences(
    each_instruction_set: str, activation: str, slope: float
) -> None:
    x = torch.randn(3, 7, dtype=torch.float64, requires_grad=True)

    def function(x: Tensor) -> Tensor:
        return masked_activation(x, SEED, 0.4, 1.5, activation, slope) ** 2

    with using(each_instruction_set):
        assert torch.autograd.gradcheck(function, (x,))
        assert torch.autograd.gradgradcheck(function, (x,))


@pytest.mark.parametrize("activation", SMOOTH)
def test_smooth_double_backward_is_that_of_torch(
    each_instruction_set: str, activation: str
) -> None:
    x = torch.randn(500, requires_grad=True)
    seconds: list[Tensor] = []
    with using(each_instruction_set):
        fused = masked_activation(x, SEED, 0.4, 1.5, activation)
        apart = masked_scale(SMOOTH[activation](x), SEED, 0.4, 1.5)
    for y in (fused, apart):
        (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
        seconds += torch.autograd.grad((first**2).sum(), x)

    assert torch.allclose(seconds[0], seconds[1], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", *SMOOTH])
def test_strides_do_not_matter(each_instruction_set: str, activation: str) -> None:
    x = torch.randn(30, 20)
    with using(each_instruction_set):
        straight = masked_activation(x, SEED, 0.4, 1.5, activation)
        turned = masked_activation(x.t().contiguous().t(), SEED, 0.4, 1.5, activation)

    assert torch.equal(straight, turned)


def test_what_has_no_one_pass_says_so() -> None:
    with using("torch"):
        assert not can_fuse(torch.ones(3), "relu")
    assert not can_fuse(torch.ones(3, dtype=torch.float64), "gelu")
    assert not can_fuse(torch.ones(3, dtype=torch.complex64), "relu")


@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_a_kernel_taken_away_before_backward_is_no_matter(
    each_instruction_set: str, activation: str
) -> None:
    x = torch.randn(100, requires_grad=True)
    with using(each_instruction_set):
        y = masked_activation(x, SEED, 0.5, 1.0, activation)
    with using("torch"):
        y.sum().backward()  # type: ignore[no-untyped-call]

    assert x.grad is not None
    assert torch.equal(x.grad != 0, y != 0)
    assert kernels.kernel().name in ("native", "torch")
