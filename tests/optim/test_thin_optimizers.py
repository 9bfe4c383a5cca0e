"""Optimizers for thinned networks, against the obvious: a mask of the weights that a step used."""

import io
from typing import Any

import pytest
import torch
from torch import nn

import torchdrop
from torchdrop.errors import SettingError
from torchdrop.optim import ThinAdamW, ThinOptimizer, ThinSGD

from .chains import backward, chain

KINDS: list[tuple[type[ThinOptimizer], dict[str, Any]]] = [
    (ThinSGD, {"lr": 0.1}),
    (ThinSGD, {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}),
    (ThinSGD, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
    (ThinAdamW, {"lr": 0.01, "weight_decay": 0.1}),
]


def _obvious(kind: type[ThinOptimizer], plain: nn.Module, settings: dict[str, Any]) -> Any:
    """Torch's optimizer, and a step that puts back what had no gradient."""
    torchs: Any = torch.optim.SGD if kind is ThinSGD else torch.optim.AdamW
    optimizer = torchs(plain.parameters(), **settings)

    def step() -> None:
        names = ("momentum_buffer", "exp_avg", "exp_avg_sq")
        held = []
        for weight in plain.parameters():
            state = optimizer.state[weight]
            memories = {name: state[name].clone() for name in names if name in state}
            held.append((weight, weight.detach().clone(), memories))
        optimizer.step()
        for weight, before, memories in held:
            cut = weight.grad == 0
            weight.data[cut] = before[cut]
            for name in names:
                if name in optimizer.state[weight]:
                    old = memories.get(name, torch.zeros_like(weight))
                    optimizer.state[weight][name][cut] = old[cut]

    return step


@pytest.mark.parametrize(("kind", "settings"), KINDS[:3], ids=["sgd", "momentum", "nesterov"])
@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("count", ["binomial", "exact"])
def test_sgd_moves_the_weights_that_have_gradients_and_no_others(
    kind: type[ThinOptimizer], settings: dict[str, Any], groups: int, count: str
) -> None:
    thinned, plain = (chain(groups=groups, count=count) for _ in range(2))
    optimizer, step = kind(thinned, **settings), _obvious(kind, plain, settings)
    for seed in range(6):
        plain.zero_grad()
        backward(plain, seed)
        step()
        optimizer.zero_grad()
        backward(thinned, seed)
        assert thinned[0].weight.grad is None
        optimizer.step()

    for one, other in zip(thinned.parameters(), plain.parameters(), strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-12)


def test_adamw_counts_the_steps_that_weights_took_part_in() -> None:
    model = chain(count="exact")
    optimizer = ThinAdamW(model, lr=0.01)
    for seed in range(5):
        optimizer.zero_grad()
        backward(model, seed)
        optimizer.step()
    kept = {0: 8 / 16, 3: 8 / 16 * 6 / 12, 6: 6 / 12}

    for place, share in kept.items():
        assert optimizer.state[model[place].weight]["step"] == pytest.approx(5 * share)


def test_the_first_step_of_adamw_moves_every_kept_weight_by_the_rate() -> None:
    model = chain(count="exact")
    before = model[3].weight.detach().clone()
    optimizer = ThinAdamW(model, lr=0.01, weight_decay=0.0, eps=0.0)
    backward(model, 0)
    optimizer.step()
    moved = (model[3].weight.detach() - before).abs()

    assert set(moved.round(decimals=10).unique().tolist()) == {0.0, 0.01}
    assert (moved > 0).sum() == 8 * 6


@pytest.mark.parametrize(("kind", "settings"), KINDS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_without_thinning_it_is_torchs_optimizer(
    kind: type[ThinOptimizer], settings: dict[str, Any], dtype: torch.dtype
) -> None:
    ours, theirs = (chain(p=0.0, dtype=dtype) for _ in range(2))
    torchs: Any = torch.optim.SGD if kind is ThinSGD else torch.optim.AdamW
    pair = kind(ours, **settings), torchs(theirs.parameters(), **settings)
    for seed in range(5):
        for model, optimizer in zip((ours, theirs), pair, strict=True):
            optimizer.zero_grad()
            backward(model, seed, dtype)
            optimizer.step()

    bound = 1e-12 if dtype == torch.float64 else 1e-5
    for one, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.allclose(one, other, rtol=0, atol=bound)


@pytest.mark.parametrize(("kind", "settings"), KINDS)
def test_gradients_of_several_passes_add_up(
    kind: type[ThinOptimizer], settings: dict[str, Any]
) -> None:
    model = chain()
    before = [weight.detach().clone() for weight in model.parameters()]
    plain = chain()
    optimizer = kind(model, **settings)
    for seed in (3, 4):
        backward(model, seed)
        backward(plain, seed)
    optimizer.step()

    for weight, old, other in zip(model.parameters(), before, plain.parameters(), strict=True):
        assert other.grad is not None
        assert torch.equal(weight != old, other.grad != 0)


def test_steps_forget_their_gradients_and_zero_grad_does() -> None:
    model = chain()
    optimizer = ThinSGD(model, lr=0.1)
    before = [weight.detach().clone() for weight in model.parameters()]
    backward(model, 0)
    optimizer.zero_grad()
    optimizer.step()
    assert all(torch.equal(*pair) for pair in zip(model.parameters(), before, strict=True))

    backward(model, 0)
    optimizer.step()
    once = [weight.detach().clone() for weight in model.parameters()]
    for weight in model.parameters():
        weight.grad = None
    optimizer.step()
    assert all(torch.equal(*pair) for pair in zip(model.parameters(), once, strict=True))


@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("norm_type", [2.0, float("inf")])
def test_the_norm_is_that_of_the_whole_gradient(groups: int, norm_type: float) -> None:
    model, plain = (chain(groups=groups) for _ in range(2))
    optimizer = ThinSGD(model, lr=1.0)
    backward(model, 0)
    backward(plain, 0)
    expected = torch.nn.utils.clip_grad_norm_(plain.parameters(), 0.01, norm_type)
    norm = optimizer.clip_grad_norm_(0.01, norm_type)
    torch.optim.SGD(plain.parameters(), 1.0).step()
    optimizer.step()

    assert torch.allclose(norm, expected)
    for one, other in zip(model.parameters(), plain.parameters(), strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-12)


def test_layers_of_a_pair_leave_their_gradients_too() -> None:
    torch.manual_seed(0)
    layer = nn.TransformerEncoderLayer(8, 2, 32, dropout=0.5, batch_first=True)
    model = torchdrop.thin(layer, always=True)
    optimizer = ThinAdamW(model)
    before = model.linear1.weight.detach().clone()
    model(torch.randn(4, 5, 8)).sum().backward()

    assert model.linear1.weight.grad is None
    assert model.self_attn.in_proj_weight.grad is not None
    optimizer.step()
    assert 0 < (model.linear1.weight != before).any(dim=1).sum() < 32


def test_state_is_saved_and_read_back() -> None:
    models = [chain(), chain()]
    pair = [ThinAdamW(model, lr=0.01) for model in models]
    for seed in range(3):
        backward(models[0], seed)
        pair[0].step()
    file = io.BytesIO()
    torch.save({"model": models[0].state_dict(), "optimizer": pair[0].state_dict()}, file)
    file.seek(0)
    content = torch.load(file)  # weights only
    models[1].load_state_dict(content["model"])
    pair[1].load_state_dict(content["optimizer"])
    for model, optimizer in zip(models, pair, strict=True):
        optimizer.zero_grad()
        backward(model, 9)
        optimizer.step()

    for one, other in zip(models[0].parameters(), models[1].parameters(), strict=True):
        assert torch.equal(one, other)


def test_parameters_that_are_not_given_are_left_to_autograd() -> None:
    model = chain()
    optimizer = ThinSGD(model, lr=0.1, params=[{"params": model[3].parameters(), "lr": 0.5}])
    before = model[0].weight.detach().clone()
    backward(model, 0)
    optimizer.step()

    assert model[0].weight.grad is not None
    assert torch.equal(model[0].weight, before)
    assert optimizer.param_groups[0]["lr"] == 0.5


def test_a_schedule_sets_the_rate() -> None:
    model = chain()
    optimizer = ThinSGD(model, lr=0.1)
    schedule = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.0)
    backward(model, 0)
    optimizer.step()
    schedule.step()
    before = model[0].weight.detach().clone()
    backward(model, 1)
    optimizer.step()

    assert torch.equal(model[0].weight, before)


def test_a_closure_is_called_with_gradients() -> None:
    model = chain()
    optimizer = ThinSGD(model, lr=0.1)
    before = model[0].weight.detach().clone()

    def closure() -> float:
        optimizer.zero_grad()
        backward(model, 0)
        return 3.0

    assert optimizer.step(closure) == 3.0
    assert not torch.equal(model[0].weight, before)


@pytest.mark.parametrize(
    ("kind", "settings", "words"),
    [
        (ThinSGD, {"lr": -1.0}, "lr is at least 0; got -1.0"),
        (ThinSGD, {"momentum": 1.0}, r"momentum is in \[0, 1\); got 1.0"),
        (ThinSGD, {"nesterov": True}, "nesterov looks ahead by the momentum"),
        (ThinAdamW, {"betas": (0.9, 1.0)}, r"betas are in \[0, 1\)"),
        (ThinAdamW, {"eps": -1.0}, "eps is at least 0"),
        (ThinAdamW, {"weight_decay": -0.1}, "weight_decay is at least 0"),
        (ThinSGD, {"params": [{"params": [], "lr": -2.0}]}, "lr is at least 0; got -2.0"),
    ],
)
def test_settings_out_of_range_are_refused(
    kind: type[ThinOptimizer], settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(SettingError, match=words):
        kind(chain(), **settings)
