"""Sentences computed from the records: what dropout did, and what the run was."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from ..tuning import RateSummary, TuningResult
from ._numbers import duration, number, plural
from ._table import loss_decimals


def compared(result: TuningResult) -> RateSummary | None:
    """The rate above 0 that text and drawing speak of.

    Args:
        result: The finished sweep.

    Returns:
        The recommended rate; where that is 0, the one above 0 with the lowest mean validation
        loss, or the lowest one if all of them diverged; `None` if the grid has none above 0.
    """
    dropping = [summary for summary in result.summaries if summary.p > 0]
    chosen = [summary for summary in dropping if summary.p == result.verdict.p]
    return min(chosen or dropping, key=_mean_loss, default=None)


def effect(result: TuningResult) -> str:
    """One sentence on the generalization gap and one on convergence; empty if nothing is known."""
    rate, base = compared(result), _baseline(result)
    if rate is None or base is None or rate.gap is None or base.gap is None:
        return ""
    digits = loss_decimals(result)
    before, after = number(base.gap, digits), number(rate.gap, digits)
    verb = "shrank" if rate.gap < base.gap else "grew"
    change = f"stayed at {after}" if before == after else f"{verb} from {before} to {after}"
    last = max(len(member.history.epochs) for member in result.members)
    return (
        f"From p = 0 to p = {rate.p:g} the generalization gap {change}, "
        f"and {_convergence(base, rate, last)}."
    )


def facts(result: TuningResult) -> tuple[tuple[str, str], ...]:
    """The key facts of the run as pairs of name and value."""
    known = {
        "Task": _task(result),
        "Rows": " / ".join(f"{rows:,}" for rows in result.data.rows),
        "Network": _network(result),
        "Dropout rates": ", ".join(f"{summary.p:g}" for summary in result.summaries),
        "Seeds per rate": f"{max(summary.seeds for summary in result.summaries)}",
        "Epochs": f"{max(len(member.history.epochs) for member in result.members)}",
        "Optimizer": _optimizer(result.settings),
        "Training time": duration(sum(member.history.seconds for member in result.members)),
    }
    return tuple((name, value) for name, value in known.items() if value)


def settings(result: TuningResult) -> tuple[tuple[str, str], ...]:
    """All settings as pairs of name and value; what is no text is written as JSON."""
    return tuple((name, _plain(value)) for name, value in _flat(result.settings))


def _mean_loss(summary: RateSummary) -> float:
    return summary.validation_loss.mean if summary.validation_loss else float("inf")


def _baseline(result: TuningResult) -> RateSummary | None:
    return next((summary for summary in result.summaries if summary.p == 0), None)


def _convergence(base: RateSummary, rate: RateSummary, last: int) -> str:
    target = "come within 10 % of the best training loss of p = 0"
    if base.epochs_to_reach is None:
        return "how fast they converged cannot be compared"
    if rate.epochs_to_reach is None:
        return f"{last} epochs were too few to {target} (p = 0 needed {base.epochs_to_reach:g})"
    return (
        f"training needed {rate.epochs_to_reach:g} epochs instead of {base.epochs_to_reach:g} "
        f"to {target}"
    )


def _task(result: TuningResult) -> str:
    classes = len(result.data.classes)
    return f"{result.data.task}, {classes} classes" if classes else result.data.task


def _network(result: TuningResult) -> str:
    return (
        " \N{EN DASH} ".join(f"{width:,}" for width in result.layout.widths)
        if result.layout
        else ""
    )


def _optimizer(settings: Mapping[str, Any]) -> str:
    training = dict(_flat(settings))
    name, rate = training.get("training, optimizer"), training.get("training, lr")
    return f"{name}, learning rate {_plain(rate)}" if name and rate else ""


def _flat(settings: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Settings with those inside a group named after both."""
    for name, value in settings.items():
        if isinstance(value, Mapping):
            yield from ((f"{name}, {inner}", one) for inner, one in _flat(value))
        else:
            yield name, value


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def diverged(result: TuningResult) -> str:
    """A sentence that names the rates with diverged runs; empty if there are none."""
    rates = [
        f"{s.diverged} of {plural(s.seeds, 'run')} at p = {s.p:g}"
        for s in result.summaries
        if s.diverged
    ]
    return f"Diverged (a loss became NaN or infinite): {', '.join(rates)}." if rates else ""
