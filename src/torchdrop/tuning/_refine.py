"""Rates between those of the grid, for as long as a finer step can tell anything."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ..errors import SettingError
from ._member import Member
from ._statistics import FloatArray, mean_interval
from ._verdict import losses_by_rate

SMALLEST_STEP = 0.0125
_DECIMALS = 6  # what a member's name can tell apart


@dataclass(frozen=True, slots=True)
class NextRates:
    """What to train next, and why.

    Attributes:
        rates: Probabilities of dropping to add to the grid, ascending; empty to stop.
        reason: Why these, or why none, in a sentence.
    """

    rates: tuple[float, ...]
    reason: str


def next_rates(members: Sequence[Member], *, smallest_step: float = SMALLEST_STEP) -> NextRates:
    """Decide which rates to add to a grid: a pure function of the members trained so far.

    The rate with the lowest mean validation loss is compared with its neighbors, in pairs of equal
    seed, by 95 % intervals that hold for both neighbors at once. If both intervals contain 0, seeds
    make larger differences than this step in p does, and a finer one would decide nothing: stop.
    Otherwise the rates half way to each neighbor are added. Where there is no neighbor, a rate is
    added beyond the end, as far away as the other one. A neighbor with a diverged seed counts as
    worse.

    The lowest of several means is low by luck, too, so that its neighbors look a little worse than
    they are. This can cost a round of training; it does not enter the verdict.

    Args:
        members: All members so far, those of earlier rounds included, all rates with equal seeds.
        smallest_step: Smallest distance from the best rate at which one is added, above 0.

    Returns:
        Rates to train with every seed and hand in with the others; none to stop.

    Raises:
        SettingError: If the smallest step is not above 0.
    """
    if not smallest_step > 0:
        raise SettingError(f"smallest_step is a distance in p, above 0; got {smallest_step}.")
    losses = losses_by_rate(members)
    if 0.0 not in losses:
        return NextRates((), "Not refined: p = 0 diverged, so there is nothing to compare against.")
    if len(losses[0.0]) < 2:
        return NextRates((), "Not refined: one seed cannot tell neighboring rates apart.")
    best = min(losses, key=lambda p: losses[p].mean())
    neighbors = _neighbors(best, sorted({m.p for m in members}))
    told = [p for p in neighbors if _is_worse(p, best, losses, len(neighbors))]
    if not told:
        return NextRates((), _tied(best, neighbors, len(losses[0.0])))
    rates = _half_way(best, neighbors, smallest_step)
    if not rates:
        return NextRates(
            (), f"{_worse(best, told)}, but steps below {smallest_step:g} are not tried."
        )
    return NextRates(rates, f"{_worse(best, told)}: {_join(rates)} can still decide something.")


def refine(
    members: Sequence[Member],
    train: Callable[[tuple[float, ...]], Sequence[Member]],
    *,
    smallest_step: float = SMALLEST_STEP,
) -> tuple[Member, ...]:
    """Train what `next_rates` asks for, until it asks for nothing.

    Args:
        members: Of the grid, all rates with equal seeds.
        train: Called with rates, trains each with every seed of the grid.
        smallest_step: As in `next_rates`.

    Returns:
        All members, ordered by rate, then seed. `next_rates` of them says why it ended.
    """
    known = list(members)
    while rates := next_rates(known, smallest_step=smallest_step).rates:
        known += train(rates)
    return tuple(sorted(known, key=lambda member: (member.p, member.seed)))


def _neighbors(best: float, rates: Sequence[float]) -> tuple[float, ...]:
    place = rates.index(best)
    return tuple(rates[i] for i in (place - 1, place + 1) if 0 <= i < len(rates))


def _is_worse(p: float, best: float, losses: Mapping[float, FloatArray], comparisons: int) -> bool:
    if p not in losses:  # a seed diverged
        return True
    behind = mean_interval(losses[p] - losses[best], comparisons=comparisons)
    return behind.low is not None and behind.low > 0


def _half_way(best: float, neighbors: Sequence[float], smallest_step: float) -> tuple[float, ...]:
    steps = [(p - best) / 2 for p in neighbors]
    if len(steps) == 1:
        steps.append(-steps[0])
    wide = [step for step in steps if abs(step) >= smallest_step - 10**-_DECIMALS]
    rates = {round(best + step, _DECIMALS) for step in wide}
    return tuple(sorted(p for p in rates if 0 < p < 1 and p not in (best, *neighbors)))


def _tied(best: float, neighbors: Sequence[float], seeds: int) -> str:
    beyond = " No higher rate was tried." if best > max(neighbors) else ""
    return (
        f"Refined no further: next to p = {best:g}, {_join(neighbors)} cannot be told from it with "
        f"{seeds} seeds.{beyond}"
    )


def _worse(best: float, told: Sequence[float]) -> str:
    return f"Next to p = {best:g}, {_join(told)} {'is' if len(told) == 1 else 'are'} worse"


def _join(rates: Sequence[float]) -> str:
    return "p = " + " and ".join(f"{p:g}" for p in rates)
