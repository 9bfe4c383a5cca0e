"""An activation and dropout of a stack, against its members alone."""

import pytest
import torch
from torch import Tensor

from torchdrop.kernels import (
    keep_threshold,
    kernel,
    masked_activation,
    masked_activation_members,
    using,
)

SEEDS = torch.tensor([5, 6, 7, 8])
RATES = torch.tensor([0.0, 0.25, 0.7, 1.0], dtype=torch.float64)
FACTORS = torch.tensor([1.0, 4 / 3, 2.0, 1.0], dtype=torch.float64)


def _stack(x: Tensor, activation: str) -> Tensor:
    draws = SEEDS, torch.as_tensor(keep_threshold(RATES)), FACTORS
    return masked_activation_members(x, draws, activation, 0.2)


def _alone(x: Tensor, activation: str) -> Tensor:
    members = zip(x, SEEDS.tolist(), RATES.tolist(), FACTORS.tolist(), strict=True)
    return torch.stack([masked_activation(*member, activation, 0.2) for member in members])


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "gelu", "gelu_tanh", "silu"])
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("shape", [(1,), (17, 3), (50_001,), (0, 3)])
def test_a_member_comes_out_as_it_does_alone_forward_and_backward(
    each_instruction_set: str, activation: str, dtype: torch.dtype, shape: tuple[int, ...]
) -> None:
    if dtype == torch.float64 and activation not in ("relu", "leaky_relu"):
        pytest.skip("float64 has no pass of its own for this activation")
    x = torch.randn(4, *shape).to(dtype)
    gradient = torch.randn(4, *shape).to(dtype)
    with using(each_instruction_set):
        one, other = (x.clone().requires_grad_() for _ in range(2))
        y, alone = _stack(one, activation), _alone(other, activation)
        y.backward(gradient)  # type: ignore[no-untyped-call]
        alone.backward(gradient)  # type: ignore[no-untyped-call]

    assert torch.equal(y, alone)
    assert torch.equal(one.grad, other.grad)  # type: ignore[arg-type]


def test_gradients_are_those_of_finite_differences_and_can_be_differentiated() -> None:
    if kernel().build is None:
        pytest.skip("there is no native kernel here")
    x = (torch.rand(4, 9, dtype=torch.float64) + 0.1).requires_grad_()

    assert torch.autograd.gradcheck(lambda x: _stack(x, "leaky_relu"), x)
    assert torch.autograd.gradgradcheck(lambda x: _stack(x, "leaky_relu"), x)
