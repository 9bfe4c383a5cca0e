"""What a guard sees and what it is silent about: layers, wrappers, blocks, compiled models."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from torchdrop import networks
from torchdrop import nn as ours
from torchdrop.modes import Guard, frozen, sampling
from torchdrop.modes._disabled import disabled
from torchdrop.sites import find_sites

from .guarded import Loop, causes, net


def test_one_forward_without_gradients_before_training_is_no_validation() -> None:
    model = net()
    loop = Loop(model)
    with Guard(model) as guard:
        loop.validate()
        guard.epoch()
        loop.validate()
        loop.step(3)


def test_a_step_of_another_models_optimizer_explains_the_forward_before_it() -> None:
    model, other = net(), Loop(net())
    loop = Loop(model)
    with Guard(model, on_find="collect") as guard:
        loop.step()
        for _ in range(3):
            loop.validate()
            other.step()
    assert guard.findings == ()


def test_it_sees_a_recurrent_layer_and_attention_that_keep_their_rate_as_a_number() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rnn = nn.LSTM(8, 8, num_layers=2, dropout=0.2, batch_first=True)
            self.attention = nn.MultiheadAttention(8, 2, dropout=0.1, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            x = self.rnn(x)[0]
            y: Tensor = self.attention(x, x, x)[0]
            return y

    model = Net()
    with Guard(model, on_find="collect") as guard:
        loop = Loop(model, 2, 3, 8)
        loop.step()
        loop.validate(2)

    assert [f.modules for f in guard.findings] == [("rnn", "attention")]


def test_it_sees_functional_dropout_that_follows_the_mode() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = nn.Sequential(nn.Linear(8, 4), _Functional())

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.inner(x)
            return y

    model = Net()
    loop = Loop(model)
    with Guard(model, on_find="collect") as guard:
        loop.step(2)
        loop.validate(2)
        model.eval()
        loop.step()

    assert causes(guard) == ["validation-in-training-mode", "training-in-evaluation-mode"]
    assert {finding.modules for finding in guard.findings} == {("inner.1",)}


class _Functional(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.dropout(x, 0.3, self.training)


def test_a_layer_in_a_plain_list_that_eval_misses_is_found_in_validation() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.drops = nn.Linear(8, 4), [nn.Dropout(0.2)]

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.drops[0](self.layer(x))
            return y

    model = Net()
    loop = Loop(model)
    with Guard(model, on_find="collect") as guard:
        loop.step()
        model.eval()
        loop.validate(2)

    assert [(f.cause, f.modules) for f in guard.findings] == [
        ("validation-in-training-mode", ("drops[0]",))
    ]


def test_parts_that_the_loop_calls_by_themselves_are_watched() -> None:
    class Pair(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder, self.decoder = net(), nn.Linear(1, 1)

    model = Pair()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with Guard(model, on_find="collect") as guard:
        for _ in range(3):
            model.decoder(model.encoder(torch.randn(4, 8))).sum().backward()
            optimizer.step()
        model.eval()
        model.decoder(model.encoder(torch.randn(4, 8))).sum().backward()
        optimizer.step()

    assert causes(guard) == ["training-in-evaluation-mode"]


@pytest.mark.parametrize("block", [sampling, disabled])
def test_torchdrops_own_blocks_are_silent(block: Callable[[nn.Module], Any]) -> None:
    model = nn.Sequential(
        nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True), _Functional()
    )
    loop = Loop(model, 2, 3, 8)
    with Guard(model):
        for _ in range(2):
            loop.step(2)
            with block(model):
                loop.validate(3)


def test_looking_for_sites_by_an_example_is_silent() -> None:
    model = net()
    loop = Loop(model)
    with Guard(model):
        loop.step(2)
        find_sites(model, torch.randn(4, 8))
        loop.step(2)


def test_a_frozen_part_that_learns_is_silent() -> None:
    model = nn.Sequential(frozen(net()), nn.Linear(1, 1))
    loop = Loop(model)
    with Guard(model):
        model.train()
        loop.step(3)


def test_dropout_that_is_all_in_a_fixed_backbone_may_sleep() -> None:
    model = nn.Sequential(net().requires_grad_(False), nn.Linear(1, 1))
    loop = Loop(model)
    with Guard(model):
        model.eval()
        loop.step(3)


def test_a_linear_probe_in_evaluation_mode_is_asked_for_the_heads_dropout_only() -> None:
    model = nn.Sequential(net().requires_grad_(False), nn.Dropout(0.1), nn.Linear(1, 1)).eval()
    with Guard(model, on_find="collect") as guard:
        Loop(model).step(3)

    assert [finding.modules for finding in guard.findings] == [("1",)]


def test_data_parallel_is_watched_at_the_wrapper() -> None:
    model = net()
    parallel = nn.DataParallel(model)
    loop = Loop(parallel)
    with Guard(parallel, on_find="collect") as guard:
        loop.step()
        loop.validate(2)

    assert [finding.modules for finding in guard.findings] == [("2",)]


def test_p_of_0_is_no_cause() -> None:
    model = networks.mlp(8, 16, 1, p=0.0)
    loop = Loop(model)
    with Guard(model):
        loop.validate(3)
        model.eval()
        loop.step(3)


def test_our_own_layers_are_watched() -> None:
    model = nn.Sequential(nn.Linear(8, 4), ours.DropPath(0.2), ours.ConcreteDropout(0.1))
    loop = Loop(model)
    with Guard(model, on_find="collect") as guard:
        loop.validate(2)

    assert [finding.modules for finding in guard.findings] == [("1", "2")]


def test_a_layer_that_another_block_of_the_same_class_calls_is_no_cause() -> None:
    class Block(nn.Module):
        def __init__(self, inputs: int, outputs: int) -> None:
            super().__init__()
            self.layer, self.drop_path = nn.Linear(inputs, outputs), nn.Dropout(0.1)
            self.has_skip = inputs == outputs

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.layer(x)
            return x + self.drop_path(y) if self.has_skip else y

    for blocks, missed in (((8, 8, 4), []), ((8, 4), [("0.drop_path",)])):
        model = nn.Sequential(*(Block(*pair) for pair in pairwise(blocks)), nn.Dropout(0.1))
        with Guard(model, on_find="collect") as guard:
            Loop(model).step(3)
        assert [finding.modules for finding in guard.findings] == missed


def test_the_compiled_module_is_watched_without_breaking_its_graph() -> None:
    torch._dynamo.reset()
    model = net()
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    assert isinstance(compiled, nn.Module)
    loop = Loop(compiled)
    with Guard(compiled, on_find="collect") as guard:
        loop.step(2)
        loop.validate(2)
        compiled.eval()
        loop.step()

    assert [(f.cause, f.modules) for f in guard.findings] == [
        ("validation-in-training-mode", ("2",)),
        ("training-in-evaluation-mode", ("2",)),
    ]
    assert "compiled" in repr(guard)


def test_a_guard_inside_a_compiled_module_says_that_it_sees_nothing() -> None:
    torch._dynamo.reset()
    model = net()
    with Guard(model, on_find="collect") as guard:
        compiled = torch.compile(model, backend="eager", fullgraph=True)
        assert isinstance(compiled, nn.Module)
        Loop(compiled).step(3)

    assert causes(guard) == ["nothing-seen"]
