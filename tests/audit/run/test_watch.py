"""How a watch begins and ends, whom it follows, and that it leaves nothing behind."""

from __future__ import annotations

import copy
import pickle
import threading
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.modules import module as module_hooks
from torch.optim import optimizer as optimizer_hooks

import torchdrop
from torchdrop.audit import RULES, WatchWarning, watch
from torchdrop.errors import ModeError, ModelError, SettingError


def _net(p: float = 0.5) -> nn.Sequential:
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(p), nn.Linear(8, 2))


def _step(model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    loss: Tensor = model(torch.randn(3, 4)).pow(2).mean()
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    optimizer.step()


def _sgd(model: nn.Module) -> torch.optim.SGD:
    return torch.optim.SGD(model.parameters(), lr=0.1)


def _hooks(*models: nn.Module) -> int:
    held: list[Any] = [
        module_hooks._global_forward_pre_hooks,
        module_hooks._global_forward_hooks,
        optimizer_hooks._global_optimizer_pre_hooks,
        optimizer_hooks._global_optimizer_post_hooks,
    ]
    parts = [part for model in models for part in model.modules()]
    held += [hooks for part in parts for hooks in (part._forward_hooks, part._forward_pre_hooks)]
    return sum(map(len, held))


def _compiled() -> nn.Module:
    model: Any = torch.compile(_net(), backend="eager", fullgraph=True)
    assert isinstance(model, nn.Module)
    return model


def _validate(model: nn.Module, count: int = 2) -> None:
    with torch.no_grad():
        for _ in range(count):
            model(torch.randn(3, 4))


def test_it_is_at_the_top_of_the_package() -> None:
    assert torchdrop.watch is watch


@pytest.mark.parametrize("handle", [True, False])
def test_nothing_is_left_behind(handle: bool) -> None:
    model, train = _net(), nn.Module.train
    optimizer = _sgd(model)
    before = list(warnings.filters)

    with watch(model if handle else None, on_find="collect"):
        for _ in range(6):
            _step(model, optimizer)
        model.eval()
        _validate(model)
        assert _hooks(model) > 0
        assert nn.Module.train is not train

    assert _hooks(model) == 0
    assert nn.Module.train is train
    assert warnings.filters == before


def test_nothing_is_left_behind_after_an_error_and_it_is_not_covered() -> None:
    model = _net()
    with pytest.raises(ZeroDivisionError), watch(on_find="raise"), torch.no_grad():
        _ = model(torch.randn(3, 4)) + 1 / 0  # a finding at the end, but for the error

    assert _hooks(model) == 0


def test_a_warning_points_at_the_line_of_the_user() -> None:
    model = _net()
    wanted = pytest.warns(WatchWarning, match=r"^DRP201 evaluation-without-eval: ")
    with wanted as caught, watch(model), torch.no_grad():
        _ = [model(torch.randn(3, 4)) for _ in range(2)]  # here

    (warning,) = caught
    assert Path(warning.filename) == Path(__file__)
    assert "# here" in Path(__file__).read_text().splitlines()[warning.lineno - 1]


def test_raising_stops_the_program() -> None:
    model, done = _net(), []
    counter = model.register_forward_hook(lambda *_: done.append(1))
    with pytest.raises(ModeError, match="DRP201"), watch(model, on_find="raise"):
        _validate(model, 5)

    counter.remove()
    assert len(done) == 2
    assert _hooks(model) == 0


def test_advice_is_kept_and_not_said() -> None:
    model, x = _net().eval(), torch.randn(3, 4)
    with watch() as watching, torch.no_grad():
        for _ in range(12):
            model(x)

    assert [(f.rule, f.severity) for f in watching.findings] == [("DRP406", "advice")]


def test_the_record_names_rule_place_and_layer() -> None:
    model = _net()
    with watch(model, on_find="collect") as watching:
        _validate(model)

    (found,) = watching.findings
    assert (found.rule, found.layer, found.place.module) == ("DRP201", "run", "2")
    assert found.place.path == __file__
    assert found.why
    assert found.fix is not None
    assert watching.findings.files == 0


def test_it_works_as_an_object_and_closing_twice_is_once() -> None:
    model = _net()
    watching = watch(on_find="collect")
    model(torch.randn(3, 4)).sum().backward()
    _validate(model)
    watching.close()
    found = watching.findings
    watching.close()

    assert [finding.rule for finding in found] == ["DRP201"]
    assert watching.findings == found
    assert repr(watching) == "watch(1 models: DRP201)"


def test_the_run_is_the_same_to_the_bit_with_and_without_a_watch() -> None:
    def run(watched: bool) -> list[Tensor]:
        torch.manual_seed(0)
        model = _net()
        optimizer = _sgd(model)
        watching = watch(on_find="collect") if watched else None
        for _ in range(6):
            model.train()
            _step(model, optimizer)
            model.eval()
            _validate(model)
        if watching is not None:
            watching.close()
        return [*model.state_dict().values(), torch.get_rng_state()]

    pairs = zip(run(True), run(False), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


def test_a_teacher_that_nobody_trains_is_left_alone_while_another_is_trained() -> None:
    student, teacher = _net(), _net()
    optimizer = _sgd(student)
    with watch(on_find="collect") as watching:
        for _ in range(4):
            _validate(teacher)
            _step(student, optimizer)

    assert not watching.findings


def test_a_generator_of_which_a_critic_learns_over_several_batches_is_advice() -> None:
    generator = nn.Sequential(nn.Linear(2, 4), nn.Dropout(0.5))
    critic = _net()
    both = [(model, _sgd(model)) for model in (generator, critic)]
    with watch(on_find="collect") as watching:
        for _ in range(3):
            generator(torch.randn(3, 2)).sum().backward()
            both[0][1].step()
            for _ in range(3):  # one step for three batches
                with torch.no_grad():
                    fake = generator(torch.randn(3, 2))
                critic(fake).sum().backward()
            both[1][1].step()

    assert [(f.rule, f.severity) for f in watching.findings] == [("DRP201", "advice")]


def test_the_same_model_is_no_teacher_if_nothing_is_trained_or_if_it_is_given() -> None:
    model = _net()
    with watch(on_find="collect") as alone:
        _validate(model)
    with watch(model, on_find="collect") as given:
        _validate(model)
        other = _net()
        _step(other, _sgd(other))

    assert [finding.rule for finding in (*alone.findings, *given.findings)] == ["DRP201"] * 2


def test_the_hook_on_all_modules_goes_when_no_new_model_turns_up() -> None:
    first, second = _net(), _net()
    optimizer = _sgd(first)
    with watch(on_find="collect") as watching:
        for _ in range(12):
            _step(first, optimizer)
        assert not module_hooks._global_forward_pre_hooks
        late = _sgd(second)
        _step(second, late)  # an optimizer that was not seen before
        assert module_hooks._global_forward_pre_hooks
        _step(second, late)
        _validate(second)

    assert [finding.rule for finding in watching.findings] == ["DRP201"]


def test_setting_the_mode_of_an_unknown_model_makes_it_look_again() -> None:
    model = _net()
    optimizer = _sgd(model)
    with watch(on_find="collect"):
        for _ in range(12):
            _step(model, optimizer)
        model.train()
        assert not module_hooks._global_forward_pre_hooks
        _net().eval()
        assert module_hooks._global_forward_pre_hooks


def test_a_part_that_is_called_first_belongs_to_the_model_that_is_called_later() -> None:
    whole = nn.Sequential(_net(), nn.Linear(2, 1))
    optimizer = _sgd(whole)
    with watch(on_find="collect") as watching:
        whole[0](torch.randn(3, 4))
        _step(whole, optimizer)
        _validate(whole)

    (found,) = watching.findings
    assert (found.rule, found.place.module) == ("DRP201", "0.2")


def test_copies_and_pickles_of_a_watched_model_are_not_watched() -> None:
    model = _net()
    with watch(model, on_find="collect") as watching:
        for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
            _validate(other)

    assert not watching.findings


def test_threads_may_share_a_model() -> None:
    model, failed = _net().eval(), list[BaseException]()

    def work() -> None:
        try:
            _validate(model, 40)
        except RuntimeError as error:
            failed.append(error)

    with watch(on_find="collect") as watching:
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert not failed
    assert not watching.findings


def test_compiled_models_are_followed_without_compiling_again() -> None:
    torch.compiler.reset()
    first, second = (_compiled() for _ in range(2))
    optimizer = torch.optim.SGD([*first.parameters(), *second.parameters()], lr=0.1)
    torch._dynamo.utils.counters.clear()
    with watch(on_find="collect") as watching:
        for _ in range(3):
            loss = first(torch.randn(3, 4)).sum() + second(torch.randn(3, 4)).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        assert not module_hooks._global_forward_pre_hooks
        with torch.no_grad():
            second(torch.randn(3, 4))
        _step(second, optimizer)

    graphs = torch._dynamo.utils.counters["stats"]["unique_graphs"]
    torch.compiler.reset()
    assert [finding.rule for finding in watching.findings] == ["DRP201"]
    assert watching.findings.notes == (
        "Calls inside compiled or replicated parts of Sequential are not seen.",
    )
    assert graphs <= 4  # with and without gradients


def test_it_says_when_it_has_seen_no_model() -> None:
    weight = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([weight], lr=0.1)
    with watch() as watching:
        weight.sum().backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    (note,) = watching.findings.notes
    assert note.startswith("Optimizers stepped, and no model was seen")


def test_scripted_models_and_transforms_are_no_trouble() -> None:
    model = _net().eval()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        scripted = torch.jit.script(model)
    with watch() as watching:
        _validate(scripted)
        torch.vmap(model)(torch.randn(5, 3, 4))
        torch.func.functional_call(model, dict(model.named_parameters()), (torch.randn(3, 4),))

    assert not watching.findings


def test_what_is_allowed_is_not_found_with_and_without_a_handle() -> None:
    for handle in (True, False):
        model = nn.Sequential()
        model.add_module("prenet", nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)))
        model.add_module("out", nn.Linear(4, 1))
        with watch(model if handle else None, allow=("prenet.*",), on_find="collect") as watching:
            _validate(model)

        assert not watching.findings


def test_a_pattern_that_fits_nothing_in_the_given_model_is_refused() -> None:
    model = _net()
    with pytest.raises(SettingError, match=r"got 'prenet\.\*'"):
        watch(model, allow=("prenet.*",))

    assert _hooks(model) == 0


def test_settings_out_of_range_are_refused() -> None:
    for wrong in ({"on_find": "log"}, {"phase": 0}, {"allow": "prenet"}):
        with pytest.raises(SettingError):
            watch(**wrong)
    with pytest.raises(ModelError):
        watch(print)  # type: ignore[arg-type]

    assert _hooks() == 0


def test_epochs_and_steps_may_be_marked_by_hand() -> None:
    head = nn.Sequential(nn.Dropout(0.5), nn.Linear(8, 1))
    model = nn.Sequential(nn.Sequential(nn.Linear(4, 8), nn.Dropout(0.1)), head)
    with watch(model, on_find="collect") as watching:
        for _ in range(2):
            model(torch.randn(3, 4))
            watching.step()
        watching.epoch()
        model[0].eval()
        model(torch.randn(3, 4))
        watching.step()

    assert not watching.findings


def test_every_rule_of_a_run_has_its_page() -> None:
    known = {one.id for one in RULES}

    assert {f"DRP4{number:02}" for number in range(1, 11)} <= known
    assert {"DRP201", "DRP203", "DRP208", "DRP209", "DRP210", "DRP211", "DRP213"} <= known
    assert {"DRP101", "DRP103", "DRP106", "DRP214", "DRP215", "DRP301", "DRP302"} <= known
