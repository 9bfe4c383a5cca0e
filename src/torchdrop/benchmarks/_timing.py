"""Interleaved timing: what is compared is measured in turns, so that drift hits all alike."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

Contestant = Callable[[], object]

_WARM_UP_CALLS = 2
_MOST_CALLS = 1 << 20


@dataclass(frozen=True, slots=True)
class Budget:
    """How long to measure.

    Attributes:
        sample_seconds: A sample repeats the call until it lasts this long, at least.
        total_seconds: What all samples of one contestant last together, at least.
        rounds: Samples of one contestant, at least.
    """

    sample_seconds: float = 2e-3
    total_seconds: float = 0.5
    rounds: int = 11


@dataclass(frozen=True, slots=True)
class Timing:
    """The seconds that one call takes.

    Attributes:
        low: First quartile of the samples.
        median: Their median, the figure to quote.
        high: Third quartile.
        samples: How many samples there are.
        calls: Calls in one sample, of which a sample is the mean.
    """

    low: float
    median: float
    high: float
    samples: int
    calls: int

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain JSON types."""
        return asdict(self)


def measure(
    contestants: Mapping[str, Contestant], budget: Budget | None = None
) -> dict[str, Timing]:
    """Time callables against each other.

    Each round takes one sample of every contestant. The order is rotated from round to round, and
    every other round runs backward, so that nobody always follows the same neighbor. The garbage
    collector is off meanwhile.

    Args:
        contestants: What to call, by name. At least one.
        budget: How long to measure; `None` takes the default.

    Returns:
        One timing per contestant, in the order given.
    """
    budget = budget or Budget()
    with _collector_off():
        calls = {name: _calls_for(call, budget) for name, call in contestants.items()}
        samples: dict[str, list[float]] = {name: [] for name in contestants}
        totals = dict.fromkeys(contestants, 0.0)
        turn = 0
        while turn < budget.rounds or min(totals.values()) < budget.total_seconds:
            for name in _order(list(contestants), turn):
                seconds = _sample(contestants[name], calls[name])
                totals[name] += seconds
                samples[name].append(seconds / calls[name])
            turn += 1
    return {name: _summarize(samples[name], calls[name]) for name in contestants}


def _order(names: list[str], turn: int) -> list[str]:
    """Rotate the names by `turn`, and turn every other round around."""
    shift = turn % len(names)
    order = names[shift:] + names[:shift]
    return order[::-1] if turn % 2 else order


def _calls_for(call: Contestant, budget: Budget) -> int:
    """Warm up, then double the number of calls until a sample is long enough."""
    _sample(call, _WARM_UP_CALLS)
    calls = 1
    while calls < _MOST_CALLS and _sample(call, calls) < budget.sample_seconds:
        calls *= 2
    return calls


def _sample(call: Contestant, calls: int) -> float:
    turns = range(calls)
    start = perf_counter()
    for _ in turns:
        call()
    return perf_counter() - start


def _summarize(samples: list[float], calls: int) -> Timing:
    if len(samples) == 1:
        return Timing(samples[0], samples[0], samples[0], 1, calls)
    low, median, high = statistics.quantiles(samples, n=4, method="inclusive")
    return Timing(low, median, high, len(samples), calls)


@contextmanager
def _collector_off() -> Iterator[None]:
    was_on = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()
