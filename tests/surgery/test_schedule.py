import contextlib
import copy
import io
import math
import pickle
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch._dynamo.testing import CompileCounter
from torch._dynamo.utils import counters
from torch.utils.checkpoint import checkpoint

from torchdrop.errors import ModelError, SettingError
from torchdrop.nn import ActivationDropout, ConcreteDropout, DropBlock2d, Dropout, DropPath
from torchdrop.surgery import (
    ConstantRate,
    CosineRate,
    CurriculumRate,
    EarlyRate,
    LateRate,
    LinearRate,
    Rate,
    Scheduler,
    convert_,
    schedule,
)
from torchdrop.surgery._recognize import holds_rate

from ..layer_cases import CASES, Case

Z = 5.0
PAGE = Path(__file__).parents[2] / "docs" / "schedules.md"
T = 40
STEPS = np.arange(T + 1)

# Each kind, for a layer whose own p is 0.4, and its values by numpy.
KINDS: dict[str, tuple[Rate, np.ndarray]] = {
    "constant": (ConstantRate(), np.full(T + 1, 0.4)),
    "constant, given": (ConstantRate(0.2), np.full(T + 1, 0.2)),
    "linear": (LinearRate(steps=10), np.interp(STEPS, [0, 10], [0.0, 0.4])),
    "linear, given": (LinearRate(0.9, 0.1, steps=30), np.interp(STEPS, [0, 30], [0.9, 0.1])),
    "linear, down": (LinearRate(None, 0.0, steps=T), np.linspace(0.4, 0.0, T + 1)),
    "cosine": (CosineRate(steps=T), 0.4 * np.sin(np.pi * STEPS / T / 2) ** 2),
    "cosine, down": (CosineRate(0.6, 0.0, steps=T), 0.6 * np.cos(np.pi * STEPS / T / 2) ** 2),
    "early": (EarlyRate(7), np.where(STEPS < 7, 0.4, 0.0)),
    "early, falling": (
        EarlyRate(8, p=0.8, falling=True),
        np.interp(STEPS, [0, 8], [0.8, 0.0]),
    ),
    "late": (LateRate(7), np.where(STEPS < 7, 0.0, 0.4)),
    "late, at once": (LateRate(0, p=0.3), np.full(T + 1, 0.3)),
    "curriculum": (CurriculumRate(T), 1 - ((1 - 0.6) * np.exp(-(10 / T) * STEPS) + 0.6)),
}


def _net() -> nn.Sequential:
    return nn.Sequential(
        *(nn.Linear(64, 64), ActivationDropout("relu", 0.3)),
        *(nn.Linear(64, 64), nn.Tanh(), Dropout(0.4), nn.Linear(64, 8)),
    )


def _seeded(layer: Callable[[Tensor], Tensor], x: Tensor, seed: int = 0) -> Tensor:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        result: Tensor = layer(x.clone())
    return result


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_follows_its_closed_form(kind: str) -> None:
    rate, expected = KINDS[kind]
    scheduler = schedule(nn.Sequential(Dropout(0.4)), rate)
    seen = [scheduler.rates()["0"]]
    for _ in range(T):
        scheduler.step()
        seen.append(scheduler.rates()["0"])

    assert seen == pytest.approx(expected, abs=1e-15)


def test_the_ends_of_a_way_are_exact() -> None:
    for rate in (LinearRate(0.1, 0.7, steps=3), CosineRate(0.1, 0.7, steps=3)):
        assert [rate(0, 0.5), rate(3, 0.5), rate(99, 0.5)] == [0.1, 0.7, 0.7]


def test_curriculum_gets_there_but_for_the_part_that_it_names() -> None:
    missing = 1 - CurriculumRate(1000)(1000, 1.0)

    assert missing == pytest.approx(math.exp(-10), rel=1e-9)
    assert 1 / missing > 22_000


def test_every_layer_goes_from_its_own_rate_unless_overridden() -> None:
    scheduler = schedule(
        _net(), EarlyRate(1), overrides={"1": lambda step, own: own * (1 - step / 4)}
    )
    first = scheduler.rates()
    scheduler.step()

    assert first == {"1": 0.3, "4": 0.4}
    assert scheduler.rates() == pytest.approx({"1": 0.225, "4": 0.0})


@pytest.mark.parametrize("name", CASES)
def test_a_scheduled_layer_is_one_with_that_rate(name: str) -> None:
    scheduled, plain = _cases_layer(CASES[name], 0.5), _cases_layer(CASES[name], 0.25)
    if not any(holds_rate(layer) for layer in scheduled.modules()):
        pytest.skip("its rate is learned")
    if "p_recurrent" in repr(scheduled):
        pytest.skip("its second rate is not scheduled")
    schedule(scheduled, LinearRate(0.0, 0.5, steps=2)).step()
    x = torch.rand(CASES[name].shape, generator=torch.Generator().manual_seed(1))

    assert torch.equal(_seeded(scheduled, x), _seeded(plain, x))
    assert repr(scheduled) == repr(plain)
    assert list(scheduled.state_dict()) == list(plain.state_dict())


def _cases_layer(case: Case, p: float) -> nn.Module:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return case.make(p)


def test_p_may_change_without_compiling_again() -> None:
    torch._dynamo.reset()
    model, counter, x = Dropout(0.9), CompileCounter(), torch.ones(200, 200)
    scheduler = schedule(model, LinearRate(steps=11))
    compiled = torch.compile(model, fullgraph=True, backend=counter)
    for step in range(12):
        p = 0.9 * step / 11
        dropped = (_seeded(compiled, x, step) == 0).double().mean()
        scheduler.step()

        assert abs(dropped - p) <= Z * math.sqrt(p * (1 - p) / x.numel())
    assert counter.frame_count == 1


@pytest.mark.filterwarnings("ignore:.*Function.* should not be instantiated:DeprecationWarning")
def test_a_training_graph_is_compiled_once_and_draws_eager_masks() -> None:
    torch._dynamo.reset()
    counters.clear()
    model, x = _net(), torch.rand(16, 64)
    scheduler = schedule(model, CosineRate(0.1, 0.6, steps=11))
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")
    for step in range(12):
        ours, eager = _gradient(compiled, model, x, step), _gradient(model, model, x, step)
        scheduler.step()

        assert torch.allclose(ours, eager, rtol=1e-4, atol=1e-5)
    assert counters["stats"]["unique_graphs"] == 1


def _gradient(
    function: Callable[[Tensor], Tensor], model: nn.Module, x: Tensor, seed: int
) -> Tensor:
    model.zero_grad()
    _seeded(function, x, seed).square().sum().backward()  # type: ignore[no-untyped-call]
    return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])


@pytest.mark.parametrize("reentrant", [True, False])
def test_recomputation_draws_the_mask_of_the_step(reentrant: bool) -> None:
    model, x = _net(), torch.rand(16, 64, requires_grad=True)
    scheduler = schedule(model, LinearRate(steps=5))
    scheduler.step()

    def recomputed(x: Tensor) -> Tensor:
        result: Tensor = checkpoint(model, x, use_reentrant=reentrant)
        return result

    assert torch.equal(_gradient(recomputed, model, x, 3), _gradient(model, model, x, 3))


def test_a_resumed_run_is_the_uninterrupted_one() -> None:
    def run(model: nn.Module, steps: int, scheduler: Scheduler) -> None:
        optimizer = torch.optim.SGD(model.parameters(), 0.1)
        for _ in range(steps):
            optimizer.zero_grad()
            model(torch.ones(4, 64)).sum().backward()
            optimizer.step()
            scheduler.step()

    def start() -> tuple[nn.Module, Scheduler]:
        torch.manual_seed(0)
        model = _net()
        return model, schedule(model, LinearRate(steps=9), overrides={"4": CurriculumRate(9)})

    whole, one = start()
    run(whole, 6, one)
    part, two = start()
    run(part, 3, two)
    saved = io.BytesIO()
    torch.save((part.state_dict(), two.state_dict(), torch.get_rng_state()), saved)
    resumed, three = start()
    saved.seek(0)
    weights, state, stream = torch.load(saved, weights_only=True)
    resumed.load_state_dict(weights)
    three.load_state_dict(state)
    torch.set_rng_state(stream)
    run(resumed, 3, three)

    assert three.rates() == one.rates()
    assert all(map(torch.equal, resumed.parameters(), whole.parameters()))


def test_a_resumed_schedule_remembers_the_own_rates() -> None:
    model, other = nn.Sequential(Dropout(0.4)), nn.Sequential(Dropout(0.1))
    first, second = (schedule(net, LinearRate(steps=4)) for net in (model, other))
    first.step()
    second.load_state_dict(first.state_dict())

    assert second.rates() == first.rates() == pytest.approx({"0": 0.1})


def test_keys_of_the_model_never_move() -> None:
    model = _net()
    before = list(model.state_dict())
    scheduler = schedule(model, LinearRate(steps=3))
    model.load_state_dict(_net().state_dict())

    assert list(model.state_dict()) == before
    scheduler.release_()
    assert list(model.state_dict()) == before


def test_torchs_layers_get_floats_and_stay_in_place_at_zero() -> None:
    model = nn.Sequential(nn.Dropout(0.2), nn.Dropout2d(0.4), nn.AlphaDropout(0.6))
    scheduler = schedule(model, LateRate(2))
    rates = [[layer.p for layer in model]]
    for _ in range(2):
        scheduler.step()
        rates.append([layer.p for layer in model])

    assert rates == [[0.0] * 3, [0.0] * 3, [0.2, 0.4, 0.6]]
    assert all(isinstance(layer.p, float) for layer in model)


def test_a_layer_converted_under_its_schedule_still_follows_it() -> None:
    model = nn.Sequential(nn.Dropout(0.4))
    scheduler = schedule(model, LinearRate(steps=2))
    convert_(model)
    scheduler.step()

    assert repr(model[0]) == "Dropout(p=0.2, inplace=False)"


def test_a_cast_of_the_model_does_not_round_the_rate_for_good() -> None:
    model = nn.Sequential(nn.Linear(2, 2), Dropout(0.3))
    scheduler = schedule(model, ConstantRate())
    model.half()
    scheduler.step()

    assert scheduler.rates() == {"1": 0.3}


def test_the_report_names_the_step_the_rates_and_the_kinds() -> None:
    model = _net()
    scheduler = schedule(model, EarlyRate(2), overrides={"4": ConstantRate(0.25)})
    scheduler.step()

    assert repr(scheduler) == (
        "Scheduler(step=1\n"
        "  (1): p=0.3 by EarlyRate(until=2, p=None, falling=False)\n"
        "  (4): p=0.25 by ConstantRate(p=0.25)\n"
        ")"
    )
    assert "p=0.25, inplace=False" in repr(model[4])


def test_releasing_gives_back_the_floats_of_before() -> None:
    model = nn.Sequential(Dropout(0.3), nn.Dropout(0.2), DropPath(0.1), DropBlock2d(0.4))
    before = repr(model)
    scheduler = schedule(model, LinearRate(0.9, 0.8, steps=3))
    scheduler.release_()

    assert repr(model) == before
    assert all(isinstance(layer.p, float) for layer in model)
    assert not list(model.buffers())
    assert repr(scheduler) == "Scheduler(released)"
    with pytest.raises(ModelError, match="was released"):
        scheduler.step()
    schedule(model, LinearRate(steps=3))


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda pair: pickle.loads(pickle.dumps(pair))]
)
def test_a_copy_of_model_and_scheduler_goes_on_alone(duplicate: Callable[[Any], Any]) -> None:
    model = _net()
    scheduler = schedule(model, LinearRate(steps=4))
    other, moved = duplicate((model, scheduler))
    moved.step()

    assert (float(other[4].p), scheduler.rates()["4"]) == (0.1, 0.0)
    moved.release_()
    assert isinstance(other[4].p, float)


def test_a_layer_used_twice_is_set_once() -> None:
    layer = Dropout(0.4)
    scheduler = schedule(nn.Sequential(layer, nn.Sequential(layer)), LinearRate(steps=2))
    scheduler.step()

    assert scheduler.rates() == {"0": 0.2}


@pytest.mark.parametrize(
    "make",
    [
        lambda: LinearRate(steps=0),
        lambda: CosineRate(steps=-3),
        lambda: CurriculumRate(2.5),  # type: ignore[arg-type]
        lambda: EarlyRate(-1),
        lambda: LateRate(True),
    ],
)
def test_a_number_of_steps_that_is_none_is_refused(make: Callable[[], Rate]) -> None:
    with pytest.raises(SettingError, match=r"number of steps, an integer of at least [01]; got"):
        make()


@pytest.mark.parametrize(
    "make",
    [
        lambda: ConstantRate(1.5),
        lambda: LinearRate(-0.1, 0.2, steps=3),
        lambda: CosineRate(0.1, math.nan, steps=3),
        lambda: CurriculumRate(3, p=2.0),
    ],
)
def test_a_rate_out_of_range_is_refused(make: Callable[[], Rate]) -> None:
    with pytest.raises(SettingError, match="probability of dropping"):
        make()


def test_what_is_refused_changes_nothing() -> None:
    model = _net()
    with pytest.raises(SettingError, match=r"which are '1', '4'; got 'encoder\.0', '0'"):
        schedule(model, LateRate(3), overrides={"encoder.0": LateRate(1), "0": LateRate(1)})
    with pytest.raises(SettingError, match="probability of dropping"):
        schedule(model, lambda step, own: 1.5)

    assert [model[1].p, model[4].p] == [0.3, 0.4]
    assert not list(model.buffers())


def test_a_bad_value_on_the_way_moves_nothing() -> None:
    model = _net()
    scheduler = schedule(
        model, LinearRate(steps=2), overrides={"4": lambda step, own: 0.5 + step / 2 + step**2}
    )
    before = scheduler.rates()
    with pytest.raises(SettingError, match="probability of dropping"):
        scheduler.step()

    assert scheduler.rates() == before
    assert scheduler.state_dict()["step"] == 0


@pytest.mark.parametrize(
    "model", [nn.Linear(2, 2), ConcreteDropout(), nn.LSTM(2, 2, 2, dropout=0.1)]
)
def test_a_model_without_a_rate_to_set_is_refused(model: nn.Module) -> None:
    with pytest.raises(ModelError, match="no dropout layer that holds its p"):
        schedule(model, LateRate(3))


def test_a_second_schedule_is_refused() -> None:
    model = _net()
    schedule(model, LateRate(3))
    with pytest.raises(ModelError, match="1 has a schedule already"):
        schedule(model, LateRate(3))


def test_a_state_of_other_layers_is_refused() -> None:
    scheduler = schedule(_net(), LateRate(3))
    with pytest.raises(SettingError, match="same layers"):
        scheduler.load_state_dict({"step": 1, "own": {"0": 0.1}})
    with pytest.raises(SettingError, match="number of steps"):
        scheduler.load_state_dict({"step": -1, "own": {"1": 0.1, "4": 0.1}})


def test_the_page_prints_what_it_shows() -> None:
    text = PAGE.read_text(encoding="utf-8")
    code, shown = (
        re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)[0] for kind in ("python", "text")
    )
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), torch.random.fork_rng():
        exec(code, {})

    assert printed.getvalue() == shown
