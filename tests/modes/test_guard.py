"""What the scripts of `test_guard_scripts.py` do not show: records, settings, copies, wrappers."""

from __future__ import annotations

import copy
import gc
import io
import warnings
import weakref
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import optimizer as optimizers

from torchdrop import networks
from torchdrop import nn as ours
from torchdrop.errors import ModeError, ModelError, SettingError
from torchdrop.modes import Guard, ModeFinding, ModeWarning, frozen, sampling
from torchdrop.modes._disabled import disabled
from torchdrop.sites import find_sites


def _net() -> nn.Sequential:
    return nn.Sequential(nn.Linear(8, 16), nn.ReLU(), nn.Dropout(0.5), nn.Linear(16, 1))


class _Loop:
    """Steps and validations of one model with one optimizer."""

    def __init__(self, model: nn.Module, *inputs: int) -> None:
        self.model = model
        self.inputs = inputs or (4, 8)
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.01)

    def step(self, times: int = 1) -> None:
        for _ in range(times):
            self.optimizer.zero_grad()
            self.model(torch.randn(self.inputs)).sum().backward()
            self.optimizer.step()

    def validate(self, times: int = 1) -> None:
        with torch.no_grad():
            for _ in range(times):
                self.model(torch.randn(self.inputs))


def _causes(guard: Guard) -> list[str]:
    return [finding.cause for finding in guard.findings]


def _hooks(model: nn.Module) -> int:
    own = sum(len(m._forward_pre_hooks) + len(m._forward_hooks) for m in model.modules())
    return own + len(optimizers._global_optimizer_post_hooks)


def test_a_finding_counts_how_often_and_says_when_first() -> None:
    model = _net()
    loop = _Loop(model)
    with Guard(model, on_find="collect") as guard:
        loop.step(2)
        loop.validate(3)
        loop.step()
        loop.validate(2)

    (finding,) = guard.findings
    assert finding == ModeFinding(
        cause="validation-in-training-mode",
        sentence=finding.sentence,
        modules=("2",),
        count=5,
        step=2,
        place=finding.place,
    )
    assert finding.place.startswith(f"{__file__}:")


def test_steps_in_evaluation_mode_are_counted_too() -> None:
    model = _net()
    loop = _Loop(model)
    with Guard(model, on_find="collect") as guard:
        loop.step(2)
        model.eval()
        loop.step(3)

    (finding,) = guard.findings
    assert (finding.cause, finding.count, finding.step) == ("training-in-evaluation-mode", 3, 2)


def test_each_cause_warns_once() -> None:
    model = _net()
    loop = _Loop(model)
    with warnings.catch_warnings(record=True) as caught, Guard(model):
        warnings.simplefilter("always")
        for _ in range(3):
            loop.step()
            loop.validate(2)
        model.eval()
        loop.step(3)

    assert [warning.category for warning in caught] == [ModeWarning] * 2


def test_raising_stops_the_run_and_removes_the_hooks() -> None:
    model = _net()
    before = _hooks(model)
    loop = _Loop(model)
    said = r"test_guard.py:\d+: Validation in training mode.* in 2\."
    with pytest.raises(ModeError, match=said), Guard(model, on_find="raise"):
        loop.validate(2)

    assert _hooks(model) == before


def test_closing_removes_every_hook_and_may_be_repeated() -> None:
    model = _net()
    before = _hooks(model)
    guard = Guard(model, on_find="collect")
    assert _hooks(model) > before
    guard.close()
    guard.close()
    assert _hooks(model) == before
    _Loop(model).validate(3)
    assert guard.findings == ()


def test_a_guard_that_is_let_go_with_its_model_leaves_no_hook_on_optimizers() -> None:
    before = len(optimizers._global_optimizer_post_hooks)
    guard = Guard(_net())
    alive = weakref.ref(guard)
    del guard
    gc.collect()
    assert alive() is None
    assert len(optimizers._global_optimizer_post_hooks) == before


def test_an_error_in_the_block_is_not_covered_by_what_is_known_at_the_end_only() -> None:
    model = _net()
    model[2].eval()
    loop = _Loop(model)

    def fail() -> None:
        loop.step(2)
        raise RuntimeError("boom")

    with pytest.raises(ModeWarning, match="never on in 2 training steps"), Guard(model):
        loop.step(2)
    with pytest.raises(RuntimeError, match="boom"), Guard(model):
        fail()


def test_a_copy_of_a_watched_model_is_not_watched() -> None:
    model = _net()
    with Guard(model, on_find="collect") as guard:
        _Loop(copy.deepcopy(model)).validate(3)

    assert guard.findings == ()


def test_a_watched_model_can_be_saved_whole() -> None:
    model = _net()
    with Guard(model, on_find="collect") as guard:
        file = io.BytesIO()
        torch.save(model, file)
        file.seek(0)
        loaded = torch.load(file, weights_only=False)
        _Loop(loaded).validate(3)

    assert guard.findings == ()
    x = torch.randn(4, 8)
    assert torch.equal(loaded.eval()(x), model.eval()(x))


def test_the_run_is_the_same_to_the_bit_with_and_without_a_guard() -> None:
    def train(*, watched: bool) -> Tensor:
        torch.manual_seed(0)
        model = networks.mlp(8, 16, 16, 4, p=0.3)
        loop = _Loop(model)
        guard = Guard(model, on_find="collect") if watched else None
        for _ in range(3):
            model.train()
            loop.step(2)
            loop.validate()
            model.eval()
            loop.validate()
        if guard is not None:
            guard.close()
        return torch.cat([p.detach().flatten() for p in model.parameters()])

    assert torch.equal(train(watched=True), train(watched=False))


def test_one_forward_without_gradients_before_training_is_no_validation() -> None:
    model = _net()
    loop = _Loop(model)
    with Guard(model) as guard:
        loop.validate()
        guard.epoch()
        loop.validate()
        loop.step(3)


def test_a_step_of_another_models_optimizer_explains_the_forward_before_it() -> None:
    model, other = _net(), _Loop(_net())
    loop = _Loop(model)
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
        loop = _Loop(model, 2, 3, 8)
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
    loop = _Loop(model)
    with Guard(model, on_find="collect") as guard:
        loop.step(2)
        loop.validate(2)
        model.eval()
        loop.step()

    assert _causes(guard) == ["validation-in-training-mode", "training-in-evaluation-mode"]
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
    loop = _Loop(model)
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
            self.encoder, self.decoder = _net(), nn.Linear(1, 1)

    model = Pair()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    with Guard(model, on_find="collect") as guard:
        for _ in range(3):
            model.decoder(model.encoder(torch.randn(4, 8))).sum().backward()
            optimizer.step()
        model.eval()
        model.decoder(model.encoder(torch.randn(4, 8))).sum().backward()
        optimizer.step()

    assert _causes(guard) == ["training-in-evaluation-mode"]


@pytest.mark.parametrize("block", [sampling, disabled])
def test_torchdrops_own_blocks_are_silent(block: Callable[[nn.Module], Any]) -> None:
    model = nn.Sequential(
        nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True), _Functional()
    )
    loop = _Loop(model, 2, 3, 8)
    with Guard(model):
        for _ in range(2):
            loop.step(2)
            with block(model):
                loop.validate(3)


def test_looking_for_sites_by_an_example_is_silent() -> None:
    model = _net()
    loop = _Loop(model)
    with Guard(model):
        loop.step(2)
        find_sites(model, torch.randn(4, 8))
        loop.step(2)


def test_a_frozen_part_that_learns_is_silent() -> None:
    model = nn.Sequential(frozen(_net()), nn.Linear(1, 1))
    loop = _Loop(model)
    with Guard(model):
        model.train()
        loop.step(3)


def test_dropout_that_is_all_in_a_fixed_backbone_may_sleep() -> None:
    model = nn.Sequential(_net().requires_grad_(False), nn.Linear(1, 1))
    loop = _Loop(model)
    with Guard(model):
        model.eval()
        loop.step(3)


def test_a_linear_probe_in_evaluation_mode_is_asked_for_the_heads_dropout_only() -> None:
    model = nn.Sequential(_net().requires_grad_(False), nn.Dropout(0.1), nn.Linear(1, 1)).eval()
    with Guard(model, on_find="collect") as guard:
        _Loop(model).step(3)

    assert [finding.modules for finding in guard.findings] == [("1",)]


def test_data_parallel_is_watched_at_the_wrapper() -> None:
    model = _net()
    parallel = nn.DataParallel(model)
    loop = _Loop(parallel)
    with Guard(parallel, on_find="collect") as guard:
        loop.step()
        loop.validate(2)

    assert [finding.modules for finding in guard.findings] == [("2",)]


def test_p_of_0_is_no_cause() -> None:
    model = networks.mlp(8, 16, 1, p=0.0)
    loop = _Loop(model)
    with Guard(model):
        loop.validate(3)
        model.eval()
        loop.step(3)


def test_our_own_layers_are_watched() -> None:
    model = nn.Sequential(nn.Linear(8, 4), ours.DropPath(0.2), ours.ConcreteDropout(0.1))
    loop = _Loop(model)
    with Guard(model, on_find="collect") as guard:
        loop.validate(2)

    assert [finding.modules for finding in guard.findings] == [("1", "2")]


def test_a_mode_may_change_between_marked_epochs() -> None:
    model = nn.Sequential(_net(), nn.Linear(1, 4), nn.Dropout(0.1))
    loop = _Loop(model)
    with Guard(model, on_find="collect") as guard:
        loop.step(2)
        guard.epoch()
        model[0].eval()
        loop.step(2)
        assert not _causes(guard)
        model[0].train()
        guard.epoch()
        loop.step()
        model[0].eval()
        loop.step()

    assert _causes(guard) == ["mode-changed"]
    assert guard.findings[0].modules == ("0.2",)


def test_steps_of_ones_own_are_counted_by_hand() -> None:
    model = _net().eval()
    with Guard(model, on_find="collect") as guard:
        model(torch.randn(4, 8)).sum().backward()
        guard.step()

    assert _causes(guard) == ["training-in-evaluation-mode"]


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
            _Loop(model).step(3)
        assert [finding.modules for finding in guard.findings] == missed


def test_what_was_never_on_is_reported_after_a_phase() -> None:
    model = _net()
    model[2].eval()
    loop = _Loop(model)
    with Guard(model, on_find="collect", phase=5) as guard:
        loop.step(4)
        assert guard.findings == ()
        loop.step()
        assert _causes(guard) == ["never-active"]


@pytest.mark.parametrize("trainer", ["Lightning", "Hugging Face Trainer"])
@pytest.mark.parametrize("training", [True, False])
def test_the_message_tells_where_a_framework_decides_the_mode(trainer: str, training: bool) -> None:
    module = {
        "Lightning": "lightning.pytorch.loops.fit_loop",
        "Hugging Face Trainer": "transformers.trainer",
    }[trainer]
    scope: dict[str, Any] = {"__name__": module}
    exec("def run(call):\n    call()", scope)
    model = _net()
    loop = _Loop(model)
    with Guard(model, on_find="collect") as guard:
        if training:
            model.eval()
            scope["run"](loop.step)
        else:
            scope["run"](lambda: loop.validate(2))

    (finding,) = guard.findings
    assert f" {trainer.rsplit(maxsplit=1)[-1]} " in finding.sentence
    assert finding.place.startswith(f"{__file__}:")


def test_the_compiled_module_is_watched_without_breaking_its_graph() -> None:
    torch._dynamo.reset()
    model = _net()
    compiled = torch.compile(model, backend="eager", fullgraph=True)
    assert isinstance(compiled, nn.Module)
    loop = _Loop(compiled)
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
    model = _net()
    with Guard(model, on_find="collect") as guard:
        compiled = torch.compile(model, backend="eager", fullgraph=True)
        assert isinstance(compiled, nn.Module)
        _Loop(compiled).step(3)

    assert _causes(guard) == ["nothing-seen"]


def test_long_lists_of_modules_are_cut_in_the_sentence_only() -> None:
    model = networks.mlp(8, *[4] * 8, p=0.5)
    with Guard(model, on_find="collect") as guard:
        _Loop(model).validate(2)

    (finding,) = guard.findings
    assert "2, 5, 8, 11, 14 and 2 more" in finding.sentence
    assert len(finding.modules) == 7


def test_settings_out_of_range_are_refused() -> None:
    model = _net()
    before = _hooks(model)
    with pytest.raises(SettingError, match=r"each of which fits one; got 'prenet\.\*'"):
        Guard(model, allow=("prenet.*",))
    with pytest.raises(SettingError, match="got the string"):
        Guard(model, allow="2")
    with pytest.raises(SettingError, match="on_find is"):
        Guard(model, on_find="shout")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="phase is"):
        Guard(model, phase=0)
    with pytest.raises(ModelError, match="got function"):
        Guard(lambda x: x)  # type: ignore[arg-type]
    assert _hooks(model) == before
