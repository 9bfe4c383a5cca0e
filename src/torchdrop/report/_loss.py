"""Validation loss against p: every seed, the mean, and how far the mean can be trusted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.axes import Axes

from ..tuning import RateSummary, TuningResult
from ._canvas import ALONE, BAND, INK, MUTED, PAGE, PAPER, Theme, draw
from ._color import rate_colors
from ._numbers import number
from ._scale import limits, mark_rates, positions
from ._table import is_marked, loss_decimals, mark

SEEDS_LEFT = 0.17


@dataclass(frozen=True, slots=True)
class LossPoint:
    """One rate in the figure.

    Attributes:
        p: Probability of dropping.
        x: Its place on the axis.
        mean: Mean best validation loss; `None` if every seed diverged.
        low: Lower end of the interval; `None` if there is none.
        high: Upper end of the interval; `None` if there is none.
        seeds: Best validation loss by seed, without diverged ones.
        diverged: How many seeds diverged.
        mark: `recommended` or `lowest loss` if the verdict picks it, else empty.
        tied: Whether it is one of several that tie.
    """

    p: float
    x: float
    mean: float | None
    low: float | None
    high: float | None
    seeds: dict[int, float]
    diverged: int
    mark: str
    tied: bool


def loss_points(result: TuningResult) -> tuple[LossPoint, ...]:
    """Compute what the figure shows, in the grid's order."""
    places = positions([summary.p for summary in result.summaries])
    return tuple(_point(result, s, x) for s, x in zip(result.summaries, places, strict=True))


def loss_figure_svg(result: TuningResult) -> str:
    """Draw validation loss against p as an SVG that stands alone.

    Args:
        result: The finished sweep.

    Returns:
        An SVG document on a transparent ground, readable on white and on dark pages.
    """
    return str(_draw(result, ALONE))


def loss_figure(result: TuningResult) -> Markup:
    """Draw validation loss against p for the page."""
    return _draw(result, PAGE)


def _point(result: TuningResult, summary: RateSummary, x: float) -> LossPoint:
    interval, verdict = summary.validation_loss, result.verdict
    sound = [m for m in result.members if m.p == summary.p and not m.history.diverged]
    return LossPoint(
        p=summary.p,
        x=x,
        mean=interval.mean if interval else None,
        low=interval.low if interval else None,
        high=interval.high if interval else None,
        seeds={m.seed: m.history.best.validation_loss for m in sound},
        diverged=summary.diverged,
        mark=mark(result) if is_marked(result, summary) else "",
        tied=len(verdict.tied) > 1 and summary.p in verdict.tied,
    )


def _draw(result: TuningResult, theme: Theme) -> Markup:
    points = loss_points(result)
    colors = rate_colors([point.p for point in points])
    digits = loss_decimals(result)

    def paint(axes: Axes) -> None:
        mark_rates(axes, [point.p for point in points])
        _limit(axes, points)
        axes.set_ylabel("validation loss, best epoch")
        _paint_band(axes, points)
        _paint_pairs(axes, points)
        for point in points:
            _paint_point(axes, point, colors[point.p])

    alt = "Validation loss by dropout rate. " + "; ".join(_tell(p, digits) for p in points) + "."
    return draw("loss", alt, paint, size=(7.6, 3.9), margins=(0.75, 0.55, 0.15, 0.45), theme=theme)


def _limit(axes: Axes, points: Sequence[LossPoint]) -> None:
    dots = [loss for point in points for loss in point.seeds.values()]
    axes.set_ylim(limits(dots, [end for point in points for end in (point.low, point.high)]))


def _paint_band(axes: Axes, points: Sequence[LossPoint]) -> None:
    """Shade the rates that tie, and say so above them."""
    tied = [point.x for point in points if point.tied]
    for x in tied:
        axes.axvspan(x - 0.5, x + 0.5, color=BAND, linewidth=0)
    if tied:
        _above(axes, (tied[0] + tied[-1]) / 2, "tie: within one standard error", row=1)


def _paint_pairs(axes: Axes, points: Sequence[LossPoint]) -> None:
    """Link the dots of one seed: its runs share initial weights and batch order."""
    for seed in sorted({seed for point in points for seed in point.seeds}):
        linked = [(p.x - SEEDS_LEFT, p.seeds[seed]) for p in points if seed in p.seeds]
        axes.plot(*zip(*linked, strict=True), color=MUTED, linewidth=0.7, alpha=0.35, zorder=1.5)


def _paint_point(axes: Axes, point: LossPoint, color: str) -> None:
    left = [point.x - SEEDS_LEFT] * len(point.seeds)
    axes.plot(left, list(point.seeds.values()), "o", ms=3.6, color=color, alpha=0.65, mew=0)
    if point.mean is None:
        return _above(axes, point.x, "diverged", row=0)
    paint_interval(axes, point.x, point.low, point.high, color)
    if point.mark:
        axes.plot(point.x, point.mean, "o", ms=15, mfc="none", mec=color, mew=1.4, zorder=3)
        _above(axes, point.x, point.mark, row=0, strong=True)
    elif point.diverged:
        _above(axes, point.x, f"{point.diverged} diverged", row=0)
    axes.plot(point.x, point.mean, "o", ms=8, color=color, mec=PAPER, mew=0, zorder=4)
    return None


def paint_interval(axes: Axes, x: float, low: float | None, high: float | None, color: str) -> None:
    """Draw an upright interval; an arrow shows that it goes on beyond the axes."""
    if low is None or high is None:
        return
    bottom, top = axes.get_ylim()
    axes.plot([x, x], [max(low, bottom), min(high, top)], color=color, linewidth=2.6, zorder=3)
    for beyond, end, marker in ((low < bottom, bottom, "v"), (high > top, top, "^")):
        if beyond:
            axes.plot(x, end, marker, color=color, ms=6, mew=0, clip_on=False, zorder=3)


def _above(axes: Axes, x: float, text: str, *, row: int, strong: bool = False) -> None:
    axes.annotate(
        text,
        (x, 1),
        (0, 4 + 12 * row),
        xycoords=axes.get_xaxis_transform(),
        textcoords="offset points",
        ha="center",
        fontweight="bold" if strong else "normal",
        color=INK if strong else MUTED,
        annotation_clip=False,
    )


def _tell(point: LossPoint, digits: int) -> str:
    if point.mean is None:
        return f"p = {point.p:g}: diverged"
    note = f" ({point.mark})" if point.mark else ""
    return f"p = {point.p:g}{note}: {number(point.mean, digits)}"
