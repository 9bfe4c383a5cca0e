"""The table of rates as plain text cells: what terminal and page both show."""

from __future__ import annotations

from dataclasses import dataclass

from ..tuning import Interval, RateSummary, TuningResult
from ._numbers import MISSING, decimals, ends, epochs, number


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the table.

    Attributes:
        text: The figure itself.
        note: What stands under it, smaller: its interval, or what diverged.
    """

    text: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One dropout rate.

    Attributes:
        p: Probability of dropping.
        marked: Whether the verdict picks it.
        cells: One per heading.
    """

    p: float
    marked: bool
    cells: tuple[Cell, ...]


def headings(result: TuningResult) -> tuple[str, ...]:
    """The headings of the table, `p` first."""
    test = "test accuracy" if has_accuracy(result) else "test loss"
    return (
        "p",
        "validation loss",
        "difference to p = 0",
        "gap",
        "epochs to reach",
        test,
        "seconds",
    )


def rows(result: TuningResult) -> tuple[Row, ...]:
    """The rows of the table, in the grid's order."""
    digits, accuracy = loss_decimals(result), has_accuracy(result)
    return tuple(
        Row(summary.p, is_marked(result, summary), _cells(summary, digits, accuracy))
        for summary in result.summaries
    )


def mark(result: TuningResult) -> str:
    """The word for the rate that the verdict picks, which is no advice if it is undecided."""
    return "lowest loss" if result.verdict.answer == "undecided" else "recommended"


def is_marked(result: TuningResult, summary: RateSummary) -> bool:
    """Whether the verdict picks this rate; nothing is picked where all runs diverged."""
    return summary.p == result.verdict.p and summary.validation_loss is not None


def loss_decimals(result: TuningResult) -> int:
    """Decimals for every loss in the report."""
    return decimals(s.validation_loss.mean for s in result.summaries if s.validation_loss)


def has_accuracy(result: TuningResult) -> bool:
    """Whether the task has an accuracy; regression has none."""
    return any(member.test_accuracy is not None for member in result.members)


def _cells(summary: RateSummary, digits: int, accuracy: bool) -> tuple[Cell, ...]:
    test = _percent(summary.test_accuracy) if accuracy else _loss(summary.test_loss, digits)
    return (
        Cell(f"{summary.p:g}"),
        _validation(summary, digits),
        _difference(summary, digits),
        Cell(number(summary.gap, digits)),
        Cell(epochs(summary.epochs_to_reach) if summary.validation_loss else MISSING),
        test,
        Cell(f"{summary.seconds:.1f}" if summary.seconds >= 1 else f"{summary.seconds:.2g}"),
    )


def _loss(interval: Interval | None, digits: int, *, sign: bool = False) -> Cell:
    mean = interval.mean if interval else None
    return Cell(number(mean, digits, sign=sign), ends(interval, digits, sign=sign))


def _validation(summary: RateSummary, digits: int) -> Cell:
    if summary.validation_loss is None:
        return Cell("diverged")
    cell = _loss(summary.validation_loss, digits)
    if not summary.diverged:
        return cell
    return Cell(cell.text, f"{cell.note}\n{summary.diverged} of {summary.seeds} diverged".strip())


def _difference(summary: RateSummary, digits: int) -> Cell:
    return Cell("") if summary.p == 0 else _loss(summary.difference, digits, sign=True)


def _percent(interval: Interval | None) -> Cell:
    if interval is None:
        return Cell(MISSING)
    if interval.low is None or interval.high is None:
        return Cell(f"{interval.mean:.2%}")
    low, high = 100 * interval.low, 100 * interval.high
    return Cell(f"{interval.mean:.2%}", f"[{low:.2f}, {high:.2f}]")
