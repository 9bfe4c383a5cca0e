"""The p of each dropout layer as it is learned, epoch by epoch."""

from __future__ import annotations

import statistics
from collections.abc import Sequence

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from ..tuning import LearnedResult
from ._canvas import INK, MUTED, draw
from ._color import rate_colors

_LETTER_INCHES = 0.075
_CLOSE = 0.06


def mean_paths(learned: LearnedResult) -> tuple[tuple[float, ...], ...]:
    """Average each layer's p over the runs that did not diverge.

    Args:
        learned: The networks that learned p, one at least without divergence.

    Returns:
        For each layer its mean p at the start, then after each epoch that all these runs have.
    """
    paths = [member.path for member in learned.members if not member.diverged]
    epochs = [
        [statistics.fmean(ps) for ps in zip(*rates, strict=True)]
        for rates in zip(*paths, strict=False)
    ]
    return tuple(zip(*epochs, strict=True))


def path_figure(learned: LearnedResult) -> Markup:
    """Draw learned p against the epoch for the page: means thick, single runs thin.

    Args:
        learned: The networks that learned p, one at least without divergence.

    Returns:
        An SVG element.
    """
    means, labels = mean_paths(learned), [f"layer {name}" for name in learned.layers]
    colors = list(rate_colors(range(1, len(means) + 1)).values())

    def paint(axes: Axes) -> None:
        for layer, (mean, color) in enumerate(zip(means, colors, strict=True)):
            for member in learned.members:
                path = [rates[layer] for rates in member.path]
                axes.plot(range(len(path)), path, color=color, linewidth=0.8, alpha=0.45)
            axes.plot(range(len(mean)), mean, color=color, linewidth=2.6)
        axes.axhline(learned.best_p, color=INK, linewidth=1, linestyle=(0, (4, 3)))
        ends = [mean[-1] for mean in means]
        _label(axes, [*labels, f"grid: p = {learned.best_p:g}"], [*ends, learned.best_p])
        axes.set_ylim(bottom=0)
        axes.set_xlim(0, max(len(member.path) for member in learned.members) - 1)
        axes.set_xlabel("epoch")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_ylabel("p, the probability of dropping", color=MUTED)

    listed = zip(labels, means, strict=True)
    alt = "Learned p against the epoch. "
    alt += "; ".join(f"{name} from {mean[0]:.2f} to {mean[-1]:.2f}" for name, mean in listed) + "."
    right = 0.3 + _LETTER_INCHES * max(len("grid: p = 0.00"), *map(len, labels))
    return draw("learned", alt, paint, size=(7.6, 3.4), margins=(0.7, 0.6, right, 0.2))


def _label(axes: Axes, labels: Sequence[str], heights: Sequence[float]) -> None:
    """Write labels beside the ends of their lines, moved up where they would overlap."""
    low, high = 0.0, axes.get_ylim()[1]
    places = sorted(range(len(labels)), key=lambda i: heights[i])
    last = -1.0
    for i in places:
        share = max((heights[i] - low) / (high - low), last + _CLOSE)
        axes.annotate(
            labels[i],
            (1, share),
            (8, 0),
            xycoords="axes fraction",
            textcoords="offset points",
            va="center",
            color=INK,
            annotation_clip=False,
        )
        last = share
