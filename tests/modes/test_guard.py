"""What the scripts of `test_guard_scripts.py` do not show: records, hooks, settings, messages."""

from __future__ import annotations

import copy
import gc
import io
import warnings
import weakref
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import optimizer as optimizers

from torchdrop import networks
from torchdrop.errors import ModeError, ModelError, SettingError
from torchdrop.modes import Guard, ModeFinding, ModeWarning

from . import guarded
from .guarded import Loop, causes, hooks, net


def test_a_finding_counts_how_often_and_says_when_first() -> None:
    model = net()
    loop = Loop(model)
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
    assert finding.place.startswith(f"{guarded.__file__}:")


def test_steps_in_evaluation_mode_are_counted_too() -> None:
    model = net()
    loop = Loop(model)
    with Guard(model, on_find="collect") as guard:
        loop.step(2)
        model.eval()
        loop.step(3)

    (finding,) = guard.findings
    assert (finding.cause, finding.count, finding.step) == ("training-in-evaluation-mode", 3, 2)


def test_each_cause_warns_once() -> None:
    model = net()
    loop = Loop(model)
    with warnings.catch_warnings(record=True) as caught, Guard(model):
        warnings.simplefilter("always")
        for _ in range(3):
            loop.step()
            loop.validate(2)
        model.eval()
        loop.step(3)

    assert [warning.category for warning in caught] == [ModeWarning] * 2


def test_raising_stops_the_run_and_removes_the_hooks() -> None:
    model = net()
    before = hooks(model)
    loop = Loop(model)
    said = r"guarded.py:\d+: Validation in training mode.* in 2\."
    with pytest.raises(ModeError, match=said), Guard(model, on_find="raise"):
        loop.validate(2)

    assert hooks(model) == before


def test_closing_removes_every_hook_and_may_be_repeated() -> None:
    model = net()
    before = hooks(model)
    guard = Guard(model, on_find="collect")
    assert hooks(model) > before
    guard.close()
    guard.close()
    assert hooks(model) == before
    Loop(model).validate(3)
    assert guard.findings == ()


def test_a_guard_that_is_let_go_with_its_model_leaves_no_hook_on_optimizers() -> None:
    before = len(optimizers._global_optimizer_post_hooks)
    guard = Guard(net())
    alive = weakref.ref(guard)
    del guard
    gc.collect()
    assert alive() is None
    assert len(optimizers._global_optimizer_post_hooks) == before


def test_an_error_in_the_block_is_not_covered_by_what_is_known_at_the_end_only() -> None:
    model = net()
    model[2].eval()
    loop = Loop(model)

    def fail() -> None:
        loop.step(2)
        raise RuntimeError("boom")

    with pytest.raises(ModeWarning, match="never on in 2 training steps"), Guard(model):
        loop.step(2)
    with pytest.raises(RuntimeError, match="boom"), Guard(model):
        fail()


def test_a_copy_of_a_watched_model_is_not_watched() -> None:
    model = net()
    with Guard(model, on_find="collect") as guard:
        Loop(copy.deepcopy(model)).validate(3)

    assert guard.findings == ()


def test_a_watched_model_can_be_saved_whole() -> None:
    model = net()
    with Guard(model, on_find="collect") as guard:
        file = io.BytesIO()
        torch.save(model, file)
        file.seek(0)
        loaded = torch.load(file, weights_only=False)
        Loop(loaded).validate(3)

    assert guard.findings == ()
    x = torch.randn(4, 8)
    assert torch.equal(loaded.eval()(x), model.eval()(x))


def test_the_run_is_the_same_to_the_bit_with_and_without_a_guard() -> None:
    def train(*, watched: bool) -> Tensor:
        torch.manual_seed(0)
        model = networks.mlp(8, 16, 16, 4, p=0.3)
        loop = Loop(model)
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


def test_a_mode_may_change_between_marked_epochs() -> None:
    model = nn.Sequential(net(), nn.Linear(1, 4), nn.Dropout(0.1))
    loop = Loop(model)
    with Guard(model, on_find="collect") as guard:
        loop.step(2)
        guard.epoch()
        model[0].eval()
        loop.step(2)
        assert not causes(guard)
        model[0].train()
        guard.epoch()
        loop.step()
        model[0].eval()
        loop.step()

    assert causes(guard) == ["mode-changed"]
    assert guard.findings[0].modules == ("0.2",)


def test_steps_of_ones_own_are_counted_by_hand() -> None:
    model = net().eval()
    with Guard(model, on_find="collect") as guard:
        model(torch.randn(4, 8)).sum().backward()
        guard.step()

    assert causes(guard) == ["training-in-evaluation-mode"]


def test_what_was_never_on_is_reported_after_a_phase() -> None:
    model = net()
    model[2].eval()
    loop = Loop(model)
    with Guard(model, on_find="collect", phase=5) as guard:
        loop.step(4)
        assert guard.findings == ()
        loop.step()
        assert causes(guard) == ["never-active"]


@pytest.mark.parametrize("trainer", ["Lightning", "Hugging Face Trainer"])
@pytest.mark.parametrize("training", [True, False])
def test_the_message_tells_where_a_framework_decides_the_mode(trainer: str, training: bool) -> None:
    module = {
        "Lightning": "lightning.pytorch.loops.fit_loop",
        "Hugging Face Trainer": "transformers.trainer",
    }[trainer]
    scope: dict[str, Any] = {"__name__": module}
    exec("def run(call):\n    call()", scope)
    model = net()
    loop = Loop(model)
    with Guard(model, on_find="collect") as guard:
        if training:
            model.eval()
            scope["run"](loop.step)
        else:
            scope["run"](lambda: loop.validate(2))

    (finding,) = guard.findings
    assert f" {trainer.rsplit(maxsplit=1)[-1]} " in finding.sentence
    assert finding.place.startswith(f"{guarded.__file__}:")


def test_long_lists_of_modules_are_cut_in_the_sentence_only() -> None:
    model = networks.mlp(8, *[4] * 8, p=0.5)
    with Guard(model, on_find="collect") as guard:
        Loop(model).validate(2)

    (finding,) = guard.findings
    assert "2, 5, 8, 11, 14 and 2 more" in finding.sentence
    assert len(finding.modules) == 7


def test_settings_out_of_range_are_refused() -> None:
    model = net()
    before = hooks(model)
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
    assert hooks(model) == before
