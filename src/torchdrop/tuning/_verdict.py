"""The answer: which dropout rate is best, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from ._member import Member
from ._statistics import FloatArray, Interval, mean_interval, standard_error

Answer = Literal["best", "tie", "no help", "undecided"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Which dropout rate to use.

    Attributes:
        answer: `best`: one rate beats no dropout, and no other rate comes near it. `tie`: dropout
            helps, and several rates are within one standard error of the best. `no help`: no rate
            beats p = 0 beyond what seeds do. `undecided`: fewer than two seeds to judge by.
        p: The rate recommended: the lowest of the tied ones, or 0 where dropout does not help.
        tied: All rates within one standard error of the best.
        sentence: The answer in words.
        reason: The figures behind it, in words.
    """

    answer: Answer
    p: float
    tied: tuple[float, ...]
    sentence: str
    reason: str


def decide(members: Sequence[Member]) -> Verdict:
    """Judge the rates by their best validation loss, paired by seed.

    Dropout helps if the best rate's paired difference to p = 0 has a 95 % interval, widened for
    the number of rates compared, that lies below zero. Rates within one standard error of the
    best, by paired differences, tie with it; of these the lowest that helps by itself is
    recommended, as it converges fastest. A rate with a diverged seed is out.

    Args:
        members: All members of the grid, p = 0 among them.

    Returns:
        The verdict, with its reason in words.
    """
    losses = losses_by_rate(members)
    rates = [p for p in losses if p > 0]
    if 0.0 not in losses:
        return _undecided("p = 0 diverged, so there is nothing to compare against", losses)
    if not rates:
        return Verdict("no help", 0.0, (0.0,), _NO_HELP, "Every p above 0 diverged.")
    if len(losses[0.0]) < 2:
        return _undecided("one seed cannot tell a gain from noise", losses)
    comparisons = len({m.p for m in members}) - 1
    gains = {p: mean_interval(losses[p] - losses[0.0], comparisons=comparisons) for p in rates}
    best = min(rates, key=lambda p: gains[p].mean)
    if not gains[best].below_zero:
        tied = _within_one_standard_error(losses)
        return Verdict("no help", 0.0, tied, _NO_HELP, _reason(best, gains[best], len(losses[0.0])))
    tied = _within_one_standard_error({p: losses[p] for p in rates})
    chosen = next(p for p in tied if gains[p].below_zero)
    reason = _reason(chosen, gains[chosen], len(losses[0.0]))
    if len(tied) == 1:
        reason += _runner_up(chosen, losses)
        return Verdict("best", chosen, tied, f"p = {chosen:g} is best.", reason)
    sentence = f"p = {_join(tied, rates)} are a tie; {chosen:g} converges fastest."
    return Verdict("tie", chosen, tied, sentence, reason)


_NO_HELP = "Dropout does not help here."


def losses_by_rate(members: Sequence[Member]) -> dict[float, FloatArray]:
    """Best validation losses in the order of seeds, for rates without a diverged seed."""
    by_rate: dict[float, list[Member]] = {}
    for member in sorted(members, key=lambda m: (m.p, m.seed)):
        by_rate.setdefault(member.p, []).append(member)
    return {
        p: np.array([m.history.best.validation_loss for m in group])
        for p, group in by_rate.items()
        if not any(m.history.diverged for m in group)
    }


def _within_one_standard_error(losses: Mapping[float, FloatArray]) -> tuple[float, ...]:
    best = min(losses, key=lambda p: losses[p].mean())
    behind = {p: loss - losses[best] for p, loss in losses.items()}
    return tuple(p for p, b in behind.items() if p == best or b.mean() <= standard_error(b))


def _undecided(why: str, losses: Mapping[float, FloatArray]) -> Verdict:
    p = min(losses, key=lambda p: losses[p].mean(), default=0.0)
    sentence = f"Undecided: {why}."
    reason = f"p = {p:g} had the lowest validation loss." if losses else "Every run diverged."
    return Verdict("undecided", p, (p,), sentence, reason)


def _reason(p: float, gain: Interval, seeds: int) -> str:
    direction = "lower" if gain.mean < 0 else "higher"
    return (
        f"At p = {p:g} the validation loss is {abs(gain.mean):.4f} {direction} than without "
        f"dropout (difference {gain.mean:+.4f}, 95 % interval {gain.low:+.4f} to {gain.high:+.4f} "
        f"over {seeds} paired seeds)."
    )


def _runner_up(best: float, losses: Mapping[float, FloatArray]) -> str:
    """Say how far the best rate is ahead of the next, and whether seeds alone could do that."""
    others = [p for p in losses if p != best]
    behind = {p: mean_interval(losses[p] - losses[best]) for p in others}
    next_p = min(others, key=lambda p: behind[p].mean)
    gap = behind[next_p]
    sure = "clear of it" if gap.low is not None and gap.low > 0 else "not clear of it"
    return (
        f" Next is p = {next_p:g}, {gap.mean:.4f} higher (95 % interval {gap.low:+.4f} to "
        f"{gap.high:+.4f}): {sure} with this many seeds."
    )


def _join(tied: Sequence[float], rates: Sequence[float]) -> str:
    first, last = rates.index(tied[0]), rates.index(tied[-1])
    if len(tied) > 2 and last - first == len(tied) - 1:
        return f"{tied[0]:g} to {tied[-1]:g}"
    return ", ".join(f"{p:g}" for p in tied[:-1]) + f" and {tied[-1]:g}"
