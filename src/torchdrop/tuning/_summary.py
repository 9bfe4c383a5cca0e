"""The table beside the verdict: one line per dropout rate."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ._member import Member
from ._statistics import Interval, mean_interval

REACH = 1.1


@dataclass(frozen=True, slots=True)
class RateSummary:
    """What one dropout rate did, over its seeds, each at its best epoch.

    Attributes:
        p: Probability of dropping.
        seeds: Seeds that were trained.
        diverged: How many of them diverged; all other figures leave these out.
        validation_loss: Best validation loss, with a 95 % interval over seeds.
        difference: Paired difference of that loss to p = 0 (negative: dropout is better), with an
            interval that holds for all rates at once with 95 % confidence; `None` at p = 0.
        gap: Generalization gap: validation minus training loss, both in evaluation mode.
        epochs_to_reach: Median number of epochs until the training loss (evaluation mode) comes
            to 1.1 times the best of the p = 0 run of the same seed; `None` if fewer than half
            of the seeds came there.
        test_loss: Loss on the test part, with a 95 % interval over seeds.
        test_accuracy: Accuracy on the test part, likewise; `None` in regression.
        seconds: Mean wall time of one training run.
    """

    p: float
    seeds: int
    diverged: int
    validation_loss: Interval | None
    difference: Interval | None
    gap: float | None
    epochs_to_reach: float | None
    test_loss: Interval | None
    test_accuracy: Interval | None
    seconds: float


def summarize(members: Sequence[Member]) -> tuple[RateSummary, ...]:
    """Summarize the members of each rate, in ascending order of p."""
    rates = sorted({member.p for member in members})
    baseline = {m.seed: m for m in members if m.p == 0 and not m.history.diverged}
    return tuple(
        _summarize_rate([m for m in members if m.p == p], baseline, comparisons=len(rates) - 1)
        for p in rates
    )


def differences(members: Sequence[Member], baseline: Mapping[int, Member]) -> list[float]:
    """Best validation loss of each member minus that of the same seed in `baseline`."""
    return [
        m.history.best.validation_loss - baseline[m.seed].history.best.validation_loss
        for m in members
        if m.seed in baseline
    ]


def _summarize_rate(
    members: Sequence[Member], baseline: Mapping[int, Member], comparisons: int
) -> RateSummary:
    p = members[0].p
    sound = [m for m in members if not m.history.diverged]
    paired = differences(sound, baseline) if p > 0 else []
    return RateSummary(
        p=p,
        seeds=len(members),
        diverged=len(members) - len(sound),
        validation_loss=_interval([m.history.best.validation_loss for m in sound]),
        difference=_interval(paired, comparisons),
        gap=statistics.fmean(m.history.best.gap for m in sound) if sound else None,
        epochs_to_reach=_epochs_to_reach(sound, baseline),
        test_loss=_interval([m.test_loss for m in sound]),
        test_accuracy=_accuracy_interval(sound),
        seconds=statistics.fmean(m.history.seconds for m in members),
    )


def _interval(values: Sequence[float], comparisons: int = 1) -> Interval | None:
    return mean_interval(values, comparisons=comparisons) if values else None


def _accuracy_interval(members: Sequence[Member]) -> Interval | None:
    """Student's t does not know that an accuracy lies in [0, 1]: cut off what lies beyond."""
    interval = _interval([m.test_accuracy for m in members if m.test_accuracy is not None])
    if interval is None or interval.low is None or interval.high is None:
        return interval
    return Interval(interval.mean, max(0.0, interval.low), min(1.0, interval.high))


def _epochs_to_reach(members: Sequence[Member], baseline: Mapping[int, Member]) -> float | None:
    reached = [
        m.history.epochs_to_reach(REACH * min(e.training_loss for e in b.history.epochs))
        for m in members
        if (b := baseline.get(m.seed))
    ]
    # The median counts a seed that never came there as later than all others.
    middle = statistics.median(
        float("inf") if epoch is None else epoch for epoch in reached or [None]
    )
    return None if middle == float("inf") else middle
