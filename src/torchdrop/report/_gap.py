"""What dropout trades: the generalization gap, and the epochs it takes to converge."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup
from matplotlib.axes import Axes

from ..tuning import REACH, Member, RateSummary, TuningResult
from ._canvas import INK, MUTED, PAPER, draw
from ._color import rate_colors
from ._numbers import epochs as epochs_text
from ._numbers import number
from ._scale import limits, mark_rates, positions, spread
from ._table import loss_decimals

_SIZE = (4.2, 3.2)
_MARGINS = (0.7, 0.55, 0.1, 0.35)


@dataclass(frozen=True, slots=True)
class Trade:
    """One rate in both figures.

    Attributes:
        p: Probability of dropping.
        gap: Mean generalization gap; `None` if every seed diverged.
        gaps: The gap of each sound seed at its best epoch.
        epochs: Median number of epochs to reach the loss; `None` if most seeds did not.
        reached: Epochs of each sound seed; `None` for one that did not come there.
    """

    p: float
    gap: float | None
    gaps: tuple[float, ...]
    epochs: float | None
    reached: tuple[int | None, ...]


def trades(result: TuningResult) -> tuple[Trade, ...]:
    """Compute what the figures show, in the grid's order."""
    sound = [member for member in result.members if not member.history.diverged]
    target = {
        m.seed: REACH * min(epoch.training_loss for epoch in m.history.epochs)
        for m in sound
        if m.p == 0
    }
    return tuple(
        _trade(summary, [member for member in sound if member.p == summary.p], target)
        for summary in result.summaries
    )


def gap_figure(result: TuningResult) -> Markup:
    """Draw the generalization gap against p for the page."""
    shown, digits = trades(result), loss_decimals(result)
    colors = rate_colors([trade.p for trade in shown])

    def paint(axes: Axes) -> None:
        mark_rates(axes, [trade.p for trade in shown])
        axes.set_ylim(limits([0.0, *(gap for trade in shown for gap in trade.gaps)]))
        axes.axhline(0, color=MUTED, linewidth=1)
        for x, trade in zip(positions([t.p for t in shown]), shown, strict=True):
            _paint_dots(axes, x, trade.gaps, colors[trade.p])
            _paint_middle(axes, x, trade.gap, colors[trade.p])

    told = "; ".join(f"p = {t.p:g}: {number(t.gap, digits)}" for t in shown)
    alt = f"Mean generalization gap by dropout rate. {told}."
    return draw("gap", alt, paint, size=_SIZE, margins=_MARGINS)


def epochs_figure(result: TuningResult) -> Markup:
    """Draw the epochs to reach p = 0's training loss against p for the page."""
    shown = trades(result)
    colors = rate_colors([trade.p for trade in shown])
    last = max(len(member.history.epochs) for member in result.members)

    def paint(axes: Axes) -> None:
        mark_rates(axes, [trade.p for trade in shown])
        ceiling = _frame_epochs(axes, shown, last)
        for x, trade in zip(positions([t.p for t in shown]), shown, strict=True):
            _paint_dots(axes, x, trade.reached, colors[trade.p], ceiling)
            _paint_middle(
                axes, x, trade.epochs, colors[trade.p], ceiling if trade.reached else None
            )

    told = "; ".join(f"p = {trade.p:g}: {epochs_text(trade.epochs)}" for trade in shown)
    alt = f"Median epochs to reach the training loss of p = 0, by dropout rate. {told}."
    return draw("epochs", alt, paint, size=_SIZE, margins=_MARGINS)


def _trade(summary: RateSummary, members: Sequence[Member], target: dict[int, float]) -> Trade:
    return Trade(
        p=summary.p,
        gap=summary.gap,
        gaps=tuple(member.history.best.gap for member in members),
        epochs=summary.epochs_to_reach,
        reached=tuple(
            m.history.epochs_to_reach(target[m.seed]) for m in members if m.seed in target
        ),
    )


def _frame_epochs(axes: Axes, shown: Sequence[Trade], last: int) -> float:
    """Set the limits and return the height at which 'not reached' is drawn."""
    ceiling = 1.1 * last
    missed = any(epoch is None for trade in shown for epoch in trade.reached)
    reached = [epoch for trade in shown for epoch in trade.reached if epoch is not None]
    top = 1.18 * last if missed else 1.12 * max(reached, default=last)
    axes.set_ylim(0, top)
    axes.set_yticks([tick for tick in axes.get_yticks() if tick == int(tick) and tick <= last])
    axes.set_ylim(0, top)
    if missed:
        axes.axhline(ceiling, color=MUTED, linewidth=0.9, linestyle=(0, (4, 3)))
        axes.annotate(
            f"not reached within {last} epochs",
            (0, ceiling),
            (0, 9),
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            color=INK,
        )
    return ceiling


def _paint_dots(
    axes: Axes, x: float, values: Sequence[float | None], color: str, ceiling: float = 0.0
) -> None:
    for value, offset in zip(values, spread(len(values), 0.34), strict=True):
        place, height = x - 0.15 + offset, ceiling if value is None else value
        face = PAPER if value is None else color
        axes.plot(place, height, "o", ms=3.8, mfc=face, mec=color, mew=0.9, alpha=0.7)


def _paint_middle(
    axes: Axes, x: float, value: float | None, color: str, ceiling: float | None = None
) -> None:
    height = ceiling if value is None else value
    if height is None:
        return
    face = PAPER if value is None else color
    axes.plot(x + 0.22, height, "o", ms=8, mfc=face, mec=color, mew=1.6, zorder=4, clip_on=False)
