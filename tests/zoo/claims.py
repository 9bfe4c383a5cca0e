"""What torchdrop claims about every model, one function each; a claim that fails raises."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from torch import nn

from torchdrop.errors import ModelError
from torchdrop.modes import disable_, disabled, evaluating, same_masks, sampling
from torchdrop.sites import find_sites
from torchdrop.surgery import convert_, insert_, remove_

from .count import count
from .draws import Draw, draws_of, running_in
from .entry import Entry
from .state import differences, evaluated, everything, modes, outputs, same, statistics


def sites_are_those_that_draw(entry: Entry) -> None:
    """`find_sites` shows every place that drew, at its rate, and no other as dropping."""
    counted = count(entry)

    assert not counted.missed, f"missed: {counted.missed[0]}"
    assert not counted.false, f"false: {counted.false[0]}"
    assert counted.ours == counted.independent, (counted.ours, counted.independent)


def sites_stop_in_evaluation(entry: Entry) -> None:
    """`find_sites` says of every site that dropped that it follows the mode, as they all do."""
    sites = find_sites(entry.model(), entry.example())

    assert all(site.follows_training for site in sites if site.reached and site.rate), sites


def find_sites_leaves_no_trace(entry: Entry) -> None:
    """`find_sites` changes no mode, buffer, weight, number or hook, nor the random state."""
    model, inputs = entry.model(), entry.example()
    _mix_modes(model)
    before = everything(model)
    find_sites(model)
    find_sites(model, inputs)

    assert not (changed := differences(model, before)), changed


def evaluating_gives_what_eval_gives(entry: Entry) -> None:
    """`evaluating` gives evaluation's bits, proves it, and leaves the model as it was."""
    model, inputs = entry.model(), entry.example()
    _mix_modes(model)
    expected = evaluated(model, inputs)
    before = everything(model)
    with evaluating(model):
        inside = outputs(model, inputs)
        assert not any(modes(model).values()), "a module kept training mode"
    with evaluating(model, check=True, example=inputs):
        checked = outputs(model, inputs)

    assert same(inside, expected), "the output is another one"
    assert same(checked, expected), "the output is another one when checked"
    assert not (changed := differences(model, before)), changed


def sampling_drops_what_training_drops(entry: Entry) -> None:
    """`sampling` draws where training draws and leaves BatchNorm alone, with an example."""
    _samples(entry, with_example=True)


def sampling_needs_no_example(entry: Entry) -> None:
    """`sampling` draws where training draws and leaves BatchNorm alone, without an example."""
    _samples(entry, with_example=False)


def _samples(entry: Entry, *, with_example: bool) -> None:
    model, inputs = entry.model(), entry.example()
    # Some have branches for training alone; all else is as in evaluation, so those stay away.
    ran = running_in(entry.model().eval(), inputs)
    trained = {draw for draw in draws_of(entry.model(), inputs) if draw.module in ran}
    _mix_modes(model)
    evaluated(model, inputs)  # some fill a cache in their first forward
    before = everything(model)
    example = inputs if with_example else None
    if not trained:
        with pytest.raises(ModelError), sampling(model, example=example):
            outputs(model, inputs)
    else:
        with sampling(model, example=example):
            sampled = set(draws_of(model, inputs))
            first = outputs(model, inputs)
            # Twenty, as two rows that each skip a few blocks now and then are often alike.
            assert any(not same(first, outputs(model, inputs)) for _ in range(20)), "samples agree"
        assert sampled == trained, _unlike(sampled, trained)
    changed = [name for name in differences(model, before) if name != "random state"]
    assert not changed, changed


def disabled_drops_nothing(entry: Entry) -> None:
    """`disabled` draws nothing in training mode, where two forwards agree, and ends."""
    model, inputs = entry.model(), entry.example()
    trained = draws_of(entry.model(), inputs)
    before_modes = modes(model)
    with disabled(model) as record:
        assert not (drawn := draws_of(model, inputs)), list(drawn)[:2]
        assert same(outputs(model, inputs), outputs(model, inputs)), "two forwards disagree"
        assert not record.left, record.left

    assert modes(model) == before_modes, "a mode was left changed"
    assert draws_of(model, inputs) == trained, "what was turned off stayed off"


def disable_drops_nothing(entry: Entry) -> None:
    """`disable_` draws nothing in training mode from then on, and keeps evaluation."""
    model, inputs = entry.model(), entry.example()
    _keeps_evaluation(model, inputs, lambda: disable_(model, example=inputs))

    assert not (drawn := draws_of(model.train(), inputs)), list(drawn)[:2]


def same_masks_repeats_training(entry: Entry) -> None:
    """`same_masks` makes two forwards in training mode agree."""
    model, inputs = entry.model(), entry.example()
    with same_masks(model, seed=0):
        assert same(outputs(model, inputs), outputs(model, inputs))


def convert_keeps_evaluation(entry: Entry) -> None:
    """`convert_` changes no bit of evaluation, no key, no mode and no buffer."""
    model, inputs = entry.model(), entry.example()
    trained = draws_of(entry.model(), inputs)
    _keeps_evaluation(model, inputs, lambda: convert_(model))
    drawn = draws_of(model.train(), inputs)

    assert {d.module for d in drawn} == {d.module for d in trained}, "other modules drop"


def insert_keeps_evaluation(entry: Entry) -> None:
    """`insert_` keeps evaluation likewise; what it put in drops in training."""
    model, inputs = entry.model(), entry.example()
    trained = {d.module for d in draws_of(entry.model(), inputs)}
    changes = _keeps_evaluation(model, inputs, lambda: insert_(model, 0.3, example=inputs))
    drawn = {d.module for d in draws_of(model.train(), inputs)}
    idle = [c.site for c in changes if not any(_within(name, c.site) for name in drawn - trained)]

    assert trained <= drawn, "dropout from before is gone"
    assert not idle, f"inserted, but does not drop: {idle[:3]}"


def insert_needs_no_example(entry: Entry) -> None:
    """`insert_` without an example keeps evaluation likewise."""
    model, inputs = entry.model(), entry.example()
    _keeps_evaluation(model, inputs, lambda: insert_(model, 0.3))
    outputs(model.train(), inputs)


def remove_keeps_evaluation(entry: Entry) -> None:
    """`remove_` keeps evaluation likewise; in training nothing drops but what it says it left."""
    model, inputs = entry.model(), entry.example()
    changes = _keeps_evaluation(model, inputs, lambda: remove_(model))
    left = {change.site for change in changes.left}
    drawn = [d for d in draws_of(model.train(), inputs) if d.module not in left]

    assert not drawn, f"still drops: {drawn[:2]}"


CLAIMS: dict[str, Callable[[Entry], None]] = {
    claim.__name__: claim
    for claim in (
        sites_are_those_that_draw,
        sites_stop_in_evaluation,
        find_sites_leaves_no_trace,
        evaluating_gives_what_eval_gives,
        sampling_drops_what_training_drops,
        sampling_needs_no_example,
        disabled_drops_nothing,
        disable_drops_nothing,
        same_masks_repeats_training,
        convert_keeps_evaluation,
        insert_keeps_evaluation,
        insert_needs_no_example,
        remove_keeps_evaluation,
    )
}


def _keeps_evaluation(model: nn.Module, inputs: dict[str, Any], change: Callable[[], Any]) -> Any:
    _mix_modes(model)
    expected = evaluated(model, inputs)
    keys = list(model.state_dict())
    modes_before, buffers = modes(model), statistics(model)
    record = change()

    assert list(model.state_dict()) == keys, "state_dict has other keys"
    assert all(modes(model)[name] == mode for name, mode in modes_before.items()), "a mode changed"
    assert all(same([b], [statistics(model)[name]]) for name, b in buffers.items()), "a buffer"
    assert same(evaluated(model, inputs), expected), "the output is another one"
    return record


def _within(name: str, site: str) -> bool:
    return name == site or name.startswith(f"{site}.") or not site


def _unlike(sampled: set[Draw], trained: set[Draw]) -> str:
    lost, new = sorted(map(str, trained - sampled)), sorted(map(str, sampled - trained))
    return f"{len(lost)} lost: {lost[:2]}; {len(new)} new: {new[:2]}"


def _mix_modes(model: nn.Module) -> None:
    """Freeze a part, so that a careless `train()` afterwards would show."""
    for index, module in enumerate(model.modules()):
        module.training = index % 3 != 1
