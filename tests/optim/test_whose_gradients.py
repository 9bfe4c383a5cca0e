"""Which gradients a thin optimizer takes, and which are left to autograd."""

import copy
import gc
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from torchdrop.errors import SettingError, TorchdropError
from torchdrop.functional import GradientParts, Part, WaitingGradient
from torchdrop.nn import gradient_memories
from torchdrop.optim import ThinAdamW, ThinSGD

from .chains import backward, chain, rows


def _weights(model: nn.Module) -> list[torch.Tensor]:
    return [weight.detach().clone() for weight in model.parameters()]


def _same(one: list[torch.Tensor], other: list[torch.Tensor]) -> bool:
    return all(torch.allclose(a, b, rtol=0, atol=1e-12) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("write_gradients", [True, False])
def test_gradients_of_inputs_alone_move_nothing(write_gradients: bool) -> None:
    model = chain(write_gradients=write_gradients)
    before = _weights(model)
    optimizer = ThinSGD(model, lr=1.0) if not write_gradients else None
    x = rows()[0].requires_grad_()
    torch.autograd.grad(model(x).sum(), x)
    if optimizer:
        optimizer.step()

    assert _same(_weights(model), before)
    assert all(weight.grad is None for weight in model.parameters())


@pytest.mark.parametrize("write_gradients", [True, False])
def test_autograd_gives_gradients_of_weights_that_are_asked_for(write_gradients: bool) -> None:
    plain, model = chain(), chain(write_gradients=write_gradients)
    optimizer = ThinSGD(model, lr=1.0)
    results = []
    for each in (plain, model):
        torch.manual_seed(3)
        results.append(list(torch.autograd.grad(each(rows()[0]).sum(), list(each.parameters()))))
    before = _weights(model)
    optimizer.step()

    assert _same(*results)
    assert _same(_weights(model), before)


@pytest.mark.parametrize("reentrant", [True, False])
@pytest.mark.parametrize("way", ["thin optimizer", "write gradients", "autograd"])
def test_recomputation_comes_to_the_same(way: str, reentrant: bool) -> None:
    results = []
    for recomputed in (False, True):
        model = chain(write_gradients=way == "write gradients")
        kind: Any = ThinSGD if way == "thin optimizer" else torch.optim.SGD
        given = model if way == "thin optimizer" else model.parameters()
        optimizer = kind(given, lr=0.1, momentum=0.9)
        for seed in range(4):
            optimizer.zero_grad()
            torch.manual_seed(seed)
            x = torch.ones(7, 6, dtype=torch.float64, requires_grad=True)
            y = checkpoint(model, x, use_reentrant=reentrant) if recomputed else model(x)
            y.square().sum().backward()
            optimizer.step()
        results.append(_weights(model))

    assert _same(*results)


def test_memory_is_kept_for_living_weights_alone() -> None:
    model = chain()
    x = rows()[0].requires_grad_()
    for _ in range(5):
        checkpoint(model, x, use_reentrant=False).sum().backward()
        fresh = {n: v.detach().clone().requires_grad_() for n, v in model.named_parameters()}
        torch.func.functional_call(model, fresh, (x,)).sum().backward()
    del fresh
    backward(model, 0)

    (memory,) = set(gradient_memories(model))
    assert len(memory._owned) <= 2 * len(list(model.parameters()))


def test_a_copied_model_and_a_dead_optimizer_leave_gradients_to_autograd() -> None:
    model = chain()
    optimizer = ThinSGD(model, lr=0.1)
    copied = copy.deepcopy(model)
    backward(copied, 0)
    assert copied[0].weight.grad is not None

    del optimizer
    gc.collect()
    backward(model, 0)
    assert model[0].weight.grad is not None


def test_a_released_model_is_trained_by_another_optimizer() -> None:
    model = chain()
    optimizer = ThinSGD(model, lr=0.1)
    optimizer.release()
    backward(model, 0)

    assert model[0].weight.grad is not None


def test_a_newer_optimizer_takes_the_gradients_and_the_older_one_refuses() -> None:
    model = chain()
    older = ThinSGD(model, lr=0.1)
    newer = ThinAdamW(model, lr=0.1)
    before = _weights(model)
    backward(model, 0)
    with pytest.raises(TorchdropError, match="A newer optimizer takes the gradients of 6"):
        older.step()
    newer.step()

    assert not _same(_weights(model), before)


def test_two_optimizers_share_a_model() -> None:
    model = chain()
    pair = [ThinSGD(model, lr=0.1, params=model[place].parameters()) for place in (0, 3)]
    before = _weights(model)
    backward(model, 0)
    assert model[0].weight.grad is None
    assert model[3].weight.grad is None
    for optimizer in pair:
        optimizer.step()

    moved = [not torch.equal(*each) for each in zip(_weights(model), before, strict=True)]
    assert moved == [True] * 4 + [False] * 2


def test_a_scaler_is_refused() -> None:
    model = chain(dtype=torch.float32)
    optimizer = ThinSGD(model, lr=0.1)
    scaler = torch.amp.GradScaler("cpu")
    x, y = rows(dtype=torch.float32)
    scaler.scale(nn.functional.cross_entropy(model(x), y)).backward()  # type: ignore[no-untyped-call]

    with pytest.raises(TorchdropError, match="train in bfloat16"):
        scaler.step(optimizer)


def test_sparse_and_complex_gradients_are_refused() -> None:
    table = nn.Embedding(5, 3, sparse=True)
    optimizer = ThinSGD(table, lr=0.1)
    table(torch.tensor([1])).sum().backward()
    with pytest.raises(TorchdropError, match=r"weight of \(5, 3\) is sparse"):
        optimizer.step()

    weight = nn.Parameter(torch.ones(2, dtype=torch.complex64))
    weight.grad = torch.ones_like(weight)
    with pytest.raises(TorchdropError, match="complex"):
        ThinAdamW(nn.Linear(1, 1), params=[weight]).step()


def test_parameters_without_elements_are_left_alone() -> None:
    weight = nn.Parameter(torch.empty(0))
    weight.grad = torch.empty(0)
    ThinAdamW(nn.Linear(1, 1), params=[weight]).step()

    assert not weight.numel()


def test_momentum_can_be_turned_off_while_nesterov_is_on() -> None:
    model = chain(dtype=torch.float32)
    optimizer = ThinSGD(model, lr=0.1, momentum=0.9, nesterov=True)
    before = _weights(model)
    optimizer.param_groups[0]["momentum"] = 0.0
    backward(model, 0, torch.float32)
    optimizer.step()

    assert not _same(_weights(model), before)


def test_the_state_of_another_network_is_refused() -> None:
    small, large = (nn.Linear(2, n) for n in (3, 300))
    pair = [ThinAdamW(model) for model in (small, large)]
    for model, optimizer in zip((small, large), pair, strict=True):
        model(torch.ones(1, 2)).sum().backward()
        optimizer.step()
    pair[1].load_state_dict(pair[0].state_dict())

    with pytest.raises(ValueError, match=r"a weight of \(300, 2\), of its shape"):
        pair[1].step()


def test_settings_of_torchs_optimizers_that_are_not_here_are_refused() -> None:
    model = nn.Linear(2, 3)
    state = torch.optim.SGD(model.parameters(), 0.1, maximize=True).state_dict()

    with pytest.raises(SettingError, match="ThinSGD has no maximize"):
        ThinSGD(model).load_state_dict(state)


@pytest.mark.parametrize("kind", [ThinSGD, ThinAdamW])
def test_where_no_unit_is_kept_nothing_moves(kind: Any) -> None:
    model = chain(p=1.0)
    before = _weights(model)
    optimizer = kind(model, lr=0.1, weight_decay=0.5)
    backward(model, 0)
    optimizer.step()

    assert _same(_weights(model)[:-1], before[:-1])
    assert not torch.equal(model[6].bias, before[-1])


def test_many_gradients_before_a_step_are_added_up() -> None:
    model, plain = chain(), chain()
    optimizer = ThinSGD(model, lr=0.1)
    for each in (model, plain):
        torch.manual_seed(0)
        torch.stack([each(rows()[0]).sum() for _ in range(20)]).sum().backward()  # type: ignore[no-untyped-call]
    waiting = optimizer._parts.waiting(model[3].weight)
    assert waiting is not None
    assert len(waiting.parts) <= 4
    torch.optim.SGD(plain.parameters(), 0.1).step()
    optimizer.step()

    assert _same(_weights(model), _weights(plain))


def test_steps_that_never_come_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torchdrop.functional._gradient_parts.MOST", 2)
    weight = torch.ones(2, 2)
    parts = GradientParts([weight])
    for _ in range(2):
        parts.add(weight, Part(weight, None, None))

    with pytest.raises(TorchdropError, match=r"Call its step\(\), its zero_grad\(\)"):
        parts.add(weight, Part(weight, None, None))


def test_what_waits_is_summed_with_what_was_used() -> None:
    weight, waiting = torch.zeros(3, 2), WaitingGradient()
    for row in (0, 1, 0, 0, 0, 0):
        waiting.add(weight, Part(torch.ones(1, 2), torch.tensor([row]), None))
    whole, used = waiting.summed(weight)

    assert whole.tolist() == [[5, 5], [1, 1], [0, 0]]
    assert used.tolist() == [[True, True], [True, True], [False, False]]
    assert torch.equal(waiting.summed(weight)[0], whole)


def test_several_processes_exchange_gradients_of_their_own(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What autograd does not get, `DistributedDataParallel` cannot exchange."""
    model = chain()
    optimizer = ThinSGD(model, lr=0.1)
    monkeypatch.setattr("torch.distributed.is_initialized", lambda: True)
    monkeypatch.setattr("torch.distributed.get_world_size", lambda: 2)
    backward(model, 0)

    assert all(weight.grad is not None for weight in model.parameters())
    assert optimizer._parts.waiting(model[0].weight) is None
