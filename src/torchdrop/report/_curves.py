"""Training and validation curves, one small panel per rate, all to the same scale."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from ..training import Epoch
from ..tuning import Member, TuningResult
from ._canvas import INK, MUTED, PAPER, draw
from ._color import rate_colors
from ._numbers import plural
from ._scale import finite

_LOG_RATIO = 10
_DOTTED: dict[str, Any] = {"linestyle": (0, (0.1, 2.2)), "dash_capstyle": "round"}
_KINDS = ("training", "validation", "noisy")
Losses = dict[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class SeedCurves:
    """The losses of one run, by kind: `training`, `validation`, `noisy`.

    Attributes:
        losses: One number per epoch and kind; NaN where it cannot be drawn.
        best: Number of the best epoch and its validation loss; `None` if the run diverged.
    """

    losses: Losses
    best: tuple[int, float] | None


@dataclass(frozen=True, slots=True)
class Panel:
    """The runs of one rate.

    Attributes:
        p: Probability of dropping.
        seeds: One per run.
        mean: Mean over sound runs, as long as all of them last; empty if all diverged.
        diverged: How many runs diverged.
    """

    p: float
    seeds: tuple[SeedCurves, ...]
    mean: Losses
    diverged: int


def panels(result: TuningResult) -> tuple[Panel, ...]:
    """Compute what the panels show, in the grid's order."""
    return tuple(
        _panel(summary.p, [member for member in result.members if member.p == summary.p])
        for summary in result.summaries
    )


def loss_range(shown: Sequence[Panel]) -> tuple[float, float, bool]:
    """Choose the range of losses for all panels, and whether its scale is logarithmic.

    Args:
        shown: All panels.

    Returns:
        Lower limit, upper limit, and whether to use a logarithmic scale. Diverged runs count
        only where all runs diverged: one that explodes would flatten all others.
    """
    runs = [run for panel in shown for run in panel.seeds]
    sound = [run for run in runs if run.best] or runs
    values = finite(v for run in sound for kind in _KINDS for v in run.losses[kind]) or [0.0, 1.0]
    low, high = min(values), max(values)
    if low > 0 and high / low > _LOG_RATIO:
        return low / 1.15, high * 1.15, True
    margin = 0.06 * (high - low) or 0.1 * abs(high) or 1.0
    return low - margin, high + margin, False


def curve_figures(result: TuningResult) -> tuple[tuple[Panel, Markup], ...]:
    """Draw every panel for the page."""
    shown = panels(result)
    colors, scale = rate_colors([panel.p for panel in shown]), loss_range(shown)
    epochs = max(len(member.history.epochs) for member in result.members)
    return tuple(
        (panel, _draw(f"curve{place}", panel, colors[panel.p], scale, epochs))
        for place, panel in enumerate(shown)
    )


def _panel(p: float, members: Sequence[Member]) -> Panel:
    sound = [member for member in members if not member.history.diverged]
    lasting = min((len(member.history.epochs) for member in sound), default=0)
    runs = tuple(_seed_curves(member) for member in members)
    means = [run.losses for run in runs if run.best]
    mean = {
        kind: tuple(math.fsum(run[kind][e] for run in means) / len(means) for e in range(lasting))
        for kind in _KINDS
    }
    return Panel(p, runs, mean, len(members) - len(sound))


def _seed_curves(member: Member) -> SeedCurves:
    epochs, best = member.history.epochs, member.history.best
    losses = {
        "training": _drawable([epoch.training_loss for epoch in epochs]),
        "validation": _drawable([epoch.validation_loss for epoch in epochs]),
        "noisy": _drawable([epoch.noisy_training_loss for epoch in epochs]),
    }
    return SeedCurves(losses, None if member.history.diverged else _place(best))


def _place(epoch: Epoch) -> tuple[int, float]:
    return epoch.number, epoch.validation_loss


def _drawable(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(value if math.isfinite(value) else math.nan for value in values)


def _draw(
    name: str, panel: Panel, color: str, scale: tuple[float, float, bool], epochs: int
) -> Markup:
    def paint(axes: Axes) -> None:
        _frame(axes, scale, epochs)
        for run in panel.seeds:
            _line(axes, run.losses["training"], color=INK, alpha=0.3, linewidth=0.6)
            _line(axes, run.losses["validation"], color=color, alpha=0.4, linewidth=0.6)
        _line(axes, panel.mean["noisy"], color=MUTED, linewidth=1.5, **_DOTTED)
        _line(axes, panel.mean["training"], color=INK, linewidth=1.3)
        _line(axes, panel.mean["validation"], color=color, linewidth=2.4)
        for run in panel.seeds:
            if run.best:
                axes.plot(*run.best, "o", ms=4.5, mfc=PAPER, mec=color, mew=1.2, zorder=4)

    return draw(name, _tell(panel), paint, size=(3.3, 2.3), margins=(0.52, 0.42, 0.1, 0.1))


def _line(axes: Axes, losses: Sequence[float], **style: Any) -> None:
    """Draw losses by epoch; a single epoch is a dot."""
    marker = "o" if len(losses) == 1 else ""
    axes.plot(range(1, len(losses) + 1), losses, marker=marker, **style)


def _frame(axes: Axes, scale: tuple[float, float, bool], epochs: int) -> None:
    low, high, logarithmic = scale
    if logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda loss, _: f"{loss:g}"))
        axes.yaxis.set_minor_locator(NullLocator())
    axes.set_ylim(low, high)
    axes.set_xlim(0.5, max(epochs, 2) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    axes.set_xlabel("epoch", labelpad=2)


def _tell(panel: Panel) -> str:
    best = [run.best for run in panel.seeds if run.best]
    text = f"Curves at p = {panel.p:g} over {plural(len(panel.seeds), 'seed')}. "
    if panel.diverged:
        text += f"{panel.diverged} of them diverged. "
    if best:
        text += "Best epochs: " + ", ".join(str(number) for number, _ in best) + "."
    return text.strip()
