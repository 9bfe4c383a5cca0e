"""Paired differences to p = 0 around a zero line, a row per rate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.axes import Axes

from ..tuning import RateSummary, TuningResult
from ._canvas import INK, MUTED, draw
from ._color import rate_colors
from ._numbers import ends, number, typographic
from ._scale import limits, spread
from ._table import is_marked, loss_decimals

_ROW_INCHES = 0.46
_LETTER_INCHES = 0.075


@dataclass(frozen=True, slots=True)
class Difference:
    """One rate in the figure.

    Attributes:
        p: Probability of dropping, above 0.
        mean: Mean paired difference of validation loss to p = 0; `None` if nothing pairs.
        low: Lower end of the simultaneous interval; `None` if there is none.
        high: Upper end of the simultaneous interval; `None` if there is none.
        seeds: The differences of the single seeds.
        text: The figures as text.
        marked: Whether the verdict picks it.
    """

    p: float
    mean: float | None
    low: float | None
    high: float | None
    seeds: tuple[float, ...]
    text: str
    marked: bool


def paired_differences(result: TuningResult) -> tuple[Difference, ...]:
    """Compute what the figure shows: every rate above 0, in the grid's order."""
    digits = loss_decimals(result)
    return tuple(_difference(result, s, digits) for s in result.summaries if s.p > 0)


def differences_figure(result: TuningResult) -> Markup:
    """Draw the differences for the page."""
    differences = paired_differences(result)
    colors = rate_colors([summary.p for summary in result.summaries])

    def paint(axes: Axes) -> None:
        _frame(axes, differences)
        for row, difference in enumerate(differences):
            _paint_row(axes, row, difference, colors[difference.p])

    alt = "Difference of validation loss to p = 0, below zero where dropout is better. "
    alt += "; ".join(f"p = {d.p:g}: {d.text}" for d in differences) + "."
    size = (7.6, 1.1 + _ROW_INCHES * len(differences))
    right = 0.25 + _LETTER_INCHES * max((len(d.text) for d in differences), default=0)
    return draw("differences", alt, paint, size=size, margins=(0.95, 0.6, right, 0.4))


def _difference(result: TuningResult, summary: RateSummary, digits: int) -> Difference:
    interval = summary.difference
    missing = "p = 0 diverged" if summary.validation_loss else "diverged"
    text = number(interval.mean, digits, sign=True) if interval else missing
    return Difference(
        p=summary.p,
        mean=interval.mean if interval else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        seeds=_by_seed(result, summary.p),
        text=typographic(f"{text} {ends(interval, digits, sign=True)}".strip()),
        marked=is_marked(result, summary),
    )


def _by_seed(result: TuningResult, p: float) -> tuple[float, ...]:
    sound = [member for member in result.members if not member.history.diverged]
    base = {m.seed: m.history.best.validation_loss for m in sound if m.p == 0}
    return tuple(
        m.history.best.validation_loss - base[m.seed] for m in sound if m.p == p and m.seed in base
    )


def _frame(axes: Axes, differences: Sequence[Difference]) -> None:
    dots = [0.0, *(dot for d in differences for dot in d.seeds)]
    axes.set_xlim(limits(dots, [end for d in differences for end in (d.low, d.high)]))
    axes.set_ylim(len(differences) - 0.5, -0.5)
    axes.set_yticks([])
    axes.grid(True, axis="x")
    axes.locator_params(axis="x", nbins=6)
    axes.axvline(0, color=INK, linewidth=1.2, zorder=1.8)
    axes.set_xlabel("validation loss minus that of p = 0, same seed")
    for text, side, gap in (
        ("\N{LEFTWARDS ARROW} better", "right", -6),
        ("worse \N{RIGHTWARDS ARROW}", "left", 6),
    ):
        axes.annotate(
            text,
            (0, 1),
            (gap, 6),
            xycoords=axes.get_xaxis_transform(),
            textcoords="offset points",
            ha=side,
            color=MUTED,
            annotation_clip=False,
        )


def _paint_row(axes: Axes, row: int, difference: Difference, color: str) -> None:
    weight = "bold" if difference.marked else "normal"
    _beside(axes, row, f"p = {difference.p:g}", (0, -10, "right"), weight)
    _beside(axes, row, difference.text, (1, 10, "left"), weight)
    offsets = [row + 0.2 + offset for offset in spread(len(difference.seeds), 0.1)]
    axes.plot(difference.seeds, offsets, "o", ms=3, color=color, alpha=0.6, mew=0)
    if difference.mean is None:
        return
    if difference.low is not None and difference.high is not None:
        _paint_interval(axes, row, difference.low, difference.high, color)
    axes.plot(difference.mean, row, "o", ms=8, color=color, mew=0, zorder=4)


def _paint_interval(axes: Axes, row: int, low: float, high: float, color: str) -> None:
    left, right = axes.get_xlim()
    axes.plot([max(low, left), min(high, right)], [row, row], color=color, linewidth=2.6, zorder=3)
    for beyond, end, marker in ((low < left, left, "<"), (high > right, right, ">")):
        if beyond:
            axes.plot(end, row, marker, color=color, ms=6, mew=0, clip_on=False, zorder=3)


def _beside(axes: Axes, row: int, text: str, place: tuple[float, float, str], weight: str) -> None:
    x, gap, align = place
    axes.annotate(
        text,
        (x, row),
        (gap, 0),
        xycoords=axes.get_yaxis_transform(),
        textcoords="offset points",
        ha=align,
        va="center",
        fontweight=weight,
        color=INK,
        annotation_clip=False,
    )
