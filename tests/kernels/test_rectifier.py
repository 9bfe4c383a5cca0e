"""One pass for an activation and dropout equals the two apart, bit for bit."""

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from torchdrop import kernels
from torchdrop.kernels import can_fuse, masked_rectifier, masked_scale, using

SEED = torch.tensor([987654321])
SLOPES = [None, 0.01, -0.5, 1.7]
SPECIAL = [float("nan"), float("inf"), -float("inf"), 0.0, -0.0, 1e-45, -1e-45, 3e38, -3e38]


def _apart(x: Tensor, p: float, slope: float | None) -> Tensor:
    y = F.relu(x) if slope is None else F.leaky_relu(x, slope)
    return masked_scale(y, SEED, p, 1.25)


def _values(count: int, dtype: torch.dtype) -> Tensor:
    x = torch.randn(count, generator=torch.Generator().manual_seed(count), dtype=dtype)
    x[: len(SPECIAL)] = torch.tensor(SPECIAL, dtype=dtype)[:count]
    return x


@pytest.mark.parametrize("slope", SLOPES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_forward_and_backward_are_those_of_the_two_apart(
    each_instruction_set: str, slope: float | None, dtype: torch.dtype, p: float
) -> None:
    gradient = torch.randn(70_001, dtype=dtype)
    results = []
    for kernel, function in ((each_instruction_set, masked_rectifier), ("torch", None)):
        x = _values(70_001, dtype).requires_grad_()
        with using(kernel):
            assert can_fuse(x) == (function is not None)
            y = function(x, SEED, p, 1.25, slope) if function else _apart(x, p, slope)
            y.backward(gradient)  # type: ignore[no-untyped-call]
        results.append((y.detach(), x.grad))
    (y, grad), (expected, expected_grad) = results

    assert torch.allclose(y, expected, rtol=0, atol=0, equal_nan=True)
    assert grad is not None
    assert expected_grad is not None
    assert torch.allclose(grad, expected_grad, rtol=0, atol=0, equal_nan=True)


@pytest.mark.parametrize("slope", [None, 0.2])
def test_gradients_are_those_of_finite_differences(
    each_instruction_set: str, slope: float | None
) -> None:
    x = torch.randn(3, 7, dtype=torch.float64, requires_grad=True)

    def function(x: Tensor) -> Tensor:
        return masked_rectifier(x, SEED, 0.4, 1.5, slope) ** 2

    with using(each_instruction_set):
        assert torch.autograd.gradcheck(function, (x,))
        assert torch.autograd.gradgradcheck(function, (x,))


@pytest.mark.parametrize("slope", [None, 0.2])
def test_strides_do_not_matter(each_instruction_set: str, slope: float | None) -> None:
    x = torch.randn(30, 20)
    with using(each_instruction_set):
        straight = masked_rectifier(x, SEED, 0.4, 1.5, slope)
        turned = masked_rectifier(x.t().contiguous().t(), SEED, 0.4, 1.5, slope)

    assert torch.equal(straight, turned)


def test_what_has_no_one_pass_says_so() -> None:
    with using("torch"):
        assert not can_fuse(torch.ones(3))
    assert not can_fuse(torch.ones(3, dtype=torch.bfloat16))


def test_a_kernel_taken_away_before_backward_is_no_matter(each_instruction_set: str) -> None:
    x = torch.randn(100, requires_grad=True)
    with using(each_instruction_set):
        y = masked_rectifier(x, SEED, 0.4, 1.5, None)
    with using("torch"):
        y.sum().backward()  # type: ignore[no-untyped-call]

    assert x.grad is not None
    assert torch.equal(x.grad != 0, y != 0)
    assert kernels.kernel().name in ("native", "torch")
