"""Results keep the memory format of the input, and the mask does not depend on it."""

import itertools

import pytest
import torch

from torchdrop import functional

pytestmark = pytest.mark.usefixtures("each_kernel")


def _seeded(x: torch.Tensor, activation: str | None = None) -> torch.Tensor:
    generator = torch.Generator().manual_seed(0)
    if activation:
        return functional.activation_dropout(x, "gelu", 0.5, training=True, generator=generator)
    return functional.dropout(x, 0.5, training=True, generator=generator)


@pytest.mark.parametrize("activation", [None, "gelu"])
@pytest.mark.parametrize("axes", list(itertools.permutations(range(4))))
def test_output_and_gradient_have_the_strides_of_the_input(
    axes: tuple[int, ...], activation: str | None
) -> None:
    x = torch.randn(2, 3, 4, 5).permute(axes).contiguous()
    x = x.permute([axes.index(axis) for axis in range(4)]).requires_grad_()
    y = _seeded(x, activation)
    (gradient,) = torch.autograd.grad(y, x, torch.ones_like(x))

    assert y.stride() == x.stride()
    assert gradient.stride() == x.stride()
    # torch's own GELU rounds by where an element lies in memory.
    assert torch.allclose(y, _seeded(x.detach().contiguous(), activation), rtol=1e-6, atol=4e-6)


@pytest.mark.parametrize("activation", [None, "gelu"])
def test_slices_and_expanded_tensors_are_taken(activation: str | None) -> None:
    for x in (torch.randn(6, 10)[::2, 1:9:2], torch.randn(6, 1).expand(6, 10)):
        y, straight = _seeded(x, activation), _seeded(x.contiguous(), activation)
        assert torch.allclose(y, straight, rtol=1e-6, atol=4e-6)
