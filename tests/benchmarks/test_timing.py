import gc
from collections.abc import Callable

from torchdrop.benchmarks import Budget, Timing, measure

ONE_ROUND = Budget(sample_seconds=0.0, total_seconds=0.0, rounds=1)


def _recorder(log: list[str], name: str) -> Callable[[], object]:
    return lambda: log.append(name)


def test_every_round_calls_everyone_in_another_order() -> None:
    log: list[str] = []
    contestants = {name: _recorder(log, name) for name in "abc"}
    measure(contestants, Budget(sample_seconds=0.0, total_seconds=0.0, rounds=6))
    measured = "".join(log)[-18:]
    rounds = [measured[i : i + 3] for i in range(0, 18, 3)]

    assert all(sorted(order) == ["a", "b", "c"] for order in rounds)
    assert len(set(rounds)) == 6


def test_warm_up_calls_are_not_measured() -> None:
    log: list[str] = []
    timing = measure({"a": _recorder(log, "a")}, ONE_ROUND)["a"]

    assert (timing.samples, timing.calls) == (1, 1)
    assert len(log) == 2 + 1 + 1  # warm-up, the search for the number of calls, one sample


def test_short_calls_are_repeated_within_a_sample() -> None:
    budget = Budget(sample_seconds=1e-4, total_seconds=0.0, rounds=3)
    timing = measure({"nothing": lambda: None}, budget)["nothing"]

    assert timing.calls > 1
    assert timing.samples == 3


def test_everyone_gets_the_total_time() -> None:
    budget = Budget(sample_seconds=1e-4, total_seconds=2e-3, rounds=1)
    timings = measure({"a": lambda: None, "b": lambda: sum(range(1000))}, budget)

    assert all(t.samples * t.calls * t.high > 0 for t in timings.values())
    assert len({timing.samples for timing in timings.values()}) == 1


def test_quartiles_enclose_the_median() -> None:
    timing = measure({"a": lambda: None}, Budget(1e-5, 1e-4, 7))["a"]

    assert 0 < timing.low <= timing.median <= timing.high
    assert set(timing.to_dict()) == {"low", "median", "high", "samples", "calls"}
    assert Timing(**timing.to_dict()) == timing


def test_the_garbage_collector_is_off_meanwhile_and_on_again() -> None:
    states: list[bool] = []
    measure({"a": lambda: states.append(gc.isenabled())}, ONE_ROUND)

    assert not any(states)
    assert gc.isenabled()
