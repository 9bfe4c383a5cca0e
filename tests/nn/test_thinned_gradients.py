"""Gradients that thinned chains write themselves, against autograd's."""

import copy

import pytest
import torch
from torch import Tensor

from torchdrop.errors import SettingError

from .chains import mlp, pair, run, thin


@pytest.mark.parametrize("set_to_none", [True, False])
@pytest.mark.parametrize("groups", [1, 3])
def test_written_gradients_are_those_of_autograd(groups: int, set_to_none: bool) -> None:
    """Over steps with other masks, where memory is used again, and added up over two passes."""
    written, plain, x = pair("mlp", 0.5, groups=groups, write_gradients=True)
    autograd = thin(mlp(0.5), groups=groups).double()
    autograd.load_state_dict(plain.state_dict())
    for seed in range(6):
        for repeat in range(1 + seed % 2):
            (y, gradients), (expected, others) = (
                run(model, x, seed + 100 * repeat) for model in (written, autograd)
            )
        assert torch.equal(y, expected)
        assert gradients.keys() == others.keys()
        for key, value in gradients.items():
            assert torch.allclose(value, others[key], rtol=0, atol=1e-13), key
        written.zero_grad(set_to_none)
        autograd.zero_grad(set_to_none)


@pytest.mark.parametrize("write_gradients", [False, True])
def test_gradients_nobody_holds_give_their_memory_to_the_next(write_gradients: bool) -> None:
    chain, x = thin(mlp(0.5), write_gradients=write_gradients), torch.randn(5, 6)
    chain(x).sum().backward()
    place = chain[3].weight.grad.data_ptr()  # type: ignore[union-attr, operator]
    chain.zero_grad()
    twin = copy.deepcopy(chain)
    chain(x).sum().backward()
    held = chain[3].weight.grad
    kept = held.clone()  # type: ignore[union-attr, operator]
    twin(x).sum().backward()
    chain.zero_grad()
    chain(x).sum().backward()

    assert held.data_ptr() == place  # type: ignore[union-attr, operator]
    assert torch.equal(held, kept)  # type: ignore[arg-type]
    assert chain[3].weight.grad.data_ptr() != place  # type: ignore[union-attr, operator]


def test_gradients_asked_for_by_name_are_not_overwritten() -> None:
    chain, x = thin(mlp(0.5)), torch.randn(5, 6)
    (first,) = torch.autograd.grad(chain(x).sum(), chain[3].weight)  # type: ignore[arg-type]
    kept = first.clone()
    torch.autograd.grad(chain(x).sum(), chain[3].weight)  # type: ignore[arg-type]

    assert torch.equal(first, kept)


def test_written_gradients_follow_a_change_of_dtype_and_frozen_weights() -> None:
    chain = thin(mlp(0.5), write_gradients=True)
    chain(torch.randn(5, 6)).sum().backward()
    chain.zero_grad()
    chain.double()[0].weight.requires_grad_(False)
    chain(torch.randn(5, 6, dtype=torch.float64)).sum().backward()

    assert chain[0].weight.grad is None
    assert chain[3].weight.grad.dtype == torch.float64  # type: ignore[union-attr]


def test_weights_with_hooks_are_left_to_autograd() -> None:
    chain, seen = thin(mlp(0.5), write_gradients=True), []
    chain[0].weight.register_hook(lambda g: seen.append("tensor"))  # type: ignore[operator]
    chain[3].weight.register_post_accumulate_grad_hook(  # type: ignore[operator]
        lambda w: seen.append("accumulated")
    )
    chain(torch.randn(5, 6)).sum().backward()

    assert sorted(seen) == ["accumulated", "tensor"]


def test_written_gradients_refuse_gradients_of_gradients() -> None:
    chain = thin(mlp(0.5), write_gradients=True)
    y = chain(torch.randn(5, 6)).pow(2).sum()
    with pytest.raises(SettingError, match="write_gradients=False"):
        y.backward(create_graph=True)


def test_gradients_are_those_of_finite_differences_twice() -> None:
    thinned, _, x = pair("mlp", 0.5, hold=10**6)
    weights = tuple(thinned.parameters())
    thinned(x)

    def run(x: Tensor, *_: Tensor) -> Tensor:
        y: Tensor = thinned(x)
        return y

    assert torch.autograd.gradcheck(run, (x.requires_grad_(), *weights))
    assert torch.autograd.gradgradcheck(run, (x[:1].detach().requires_grad_(), *weights))
