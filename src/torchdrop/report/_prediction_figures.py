"""Figures of a Monte Carlo prediction."""

from __future__ import annotations

import math
from collections.abc import Sequence

from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, NullLocator, PercentFormatter

from ..montecarlo import (
    Calibration,
    IntervalCalibration,
    Point,
    Prediction,
    RiskCoverage,
    Task,
    calibration,
    risk_coverage,
)
from ._canvas import MUTED, draw
from ._color import NO_DROPOUT
from ._scale import limits

SAMPLES, WEIGHT_SCALING, DISAGREEMENT = "#3a78d8", NO_DROPOUT, "#de7a2c"

_SIZE, _MARGINS = (4.6, 3.1), (0.68, 0.5, 0.12, 0.12)
_TALL = (4.6, 3.9)
_BAND = 0.16


def curve_figures(curve: Sequence[Point], task: Task) -> tuple[tuple[str, Markup], ...]:
    """Draw error and log-likelihood against the number of samples.

    Args:
        curve: From `Prediction.curve`; weight scaling is the point of 0 samples.
        task: What was predicted.

    Returns:
        Pairs of a heading and a figure; none without a curve, and no likelihood where it is NaN.
    """
    if not curve:
        return ()
    error = "Wrong classes" if task == "classification" else "Root mean squared error"
    pairs = [(error, _curve("error", error, curve, percent=task == "classification"))]
    if not math.isnan(curve[0].log_likelihood):
        title = "Log-likelihood, nats"
        pairs.append((title, _curve("log_likelihood", title, curve, percent=False)))
    return tuple(pairs)


def _curve(field: str, title: str, curve: Sequence[Point], *, percent: bool) -> Markup:
    plain, points = curve[0], curve[1:]
    places = [point.samples for point in points]
    values = [getattr(point, field) for point in points]
    halves = [_known(getattr(point, f"{field}_deviation")) for point in points]
    low = [a - b for a, b in zip(values, halves, strict=True)]
    high = [a + b for a, b in zip(values, halves, strict=True)]

    def paint(axes: Axes) -> None:
        axes.set_xscale("log")
        axes.set_xticks(places, [f"{place:,}" for place in places])
        axes.xaxis.set_minor_locator(NullLocator())
        axes.set_xlabel("samples")
        axes.set_ylim(limits([getattr(plain, field), *low, *high]))
        if percent:
            axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.fill_between(places, low, high, color=SAMPLES, alpha=_BAND, linewidth=0)
        axes.axhline(getattr(plain, field), color=WEIGHT_SCALING, linewidth=2, linestyle="--")
        axes.plot(places, values, "o-", color=SAMPLES, linewidth=2.2, ms=4.5)

    told = ", ".join(f"{n} samples: {v:.4g}" for n, v in zip(places, values, strict=True))
    alt = f"{title}. Weight scaling: {getattr(plain, field):.4g}; {told}."
    return draw(f"curve-{field}", alt, paint, size=_SIZE, margins=_MARGINS)


def _known(value: float) -> float:
    return 0.0 if math.isnan(value) else value


def reliability_figure(prediction: Prediction) -> Markup:
    """Draw accuracy against confidence, of samples and of weight scaling, in ten bins."""
    found = {
        WEIGHT_SCALING: calibration(prediction, bins=10, of="weight_scaling"),
        SAMPLES: calibration(prediction, bins=10),
    }

    def paint(axes: Axes) -> None:
        _square(axes, "confidence", "accuracy")
        for color, one in found.items():
            _reliability(axes, one, color)

    told = "; ".join(
        f"{one.of.replace('_', ' ')}: confidence {one.confidence:.3f}, accuracy {one.accuracy:.3f}"
        for one in found.values()
    )
    return draw(
        "reliability",
        f"Accuracy against confidence. On average, {told}.",
        paint,
        size=_TALL,
        margins=_MARGINS,
    )


def _reliability(axes: Axes, one: Calibration, color: str) -> None:
    bins = [part for part in one.bins if part.count]
    places, heights = [x.confidence for x in bins], [x.accuracy for x in bins]
    largest = max(part.count for part in bins)
    areas = [12 + 150 * part.count / largest for part in bins]
    axes.plot(places, heights, color=color, linewidth=1.8)
    axes.scatter(places, heights, s=areas, color=color, alpha=0.75, linewidths=0, zorder=3)


def _square(axes: Axes, across: str, up: str) -> None:
    """Axes from 0 to 1 with the line on which both agree."""
    axes.plot([0, 1], [0, 1], color=MUTED, linewidth=1, linestyle=":")
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.03, 1.03)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    axes.set_xlabel(across)
    axes.set_ylabel(up)


def curves_of_risk(prediction: Prediction) -> tuple[tuple[str, str, RiskCoverage], ...]:
    """Risk by coverage for three kinds of doubt: their colors, names and curves."""
    return (
        (
            WEIGHT_SCALING,
            "entropy, weight scaling",
            risk_coverage(prediction, of="weight_scaling"),
        ),
        (SAMPLES, "entropy of the samples' mean", risk_coverage(prediction)),
        (
            DISAGREEMENT,
            "mutual information",
            risk_coverage(prediction, measure="mutual_information"),
        ),
    )


def risk_figure(prediction: Prediction) -> Markup:
    """Draw the share of mistakes against the share of rows that are answered."""
    curves = curves_of_risk(prediction)

    def paint(axes: Axes) -> None:
        for color, _, one in curves:
            axes.plot(one.coverage.tolist(), one.risk.tolist(), color=color, linewidth=1.9)
        axes.set_xlim(0, 1.01)
        axes.set_ylim(bottom=0)
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
        axes.set_xlabel("rows answered, the least doubtful first")
        axes.set_ylabel("of them wrong")

    told = "; ".join(f"{name}: area {one.aurc:.4g}" for _, name, one in curves)
    return draw("risk", f"Mistakes by coverage. {told}.", paint, size=_TALL, margins=_MARGINS)


def error_figure(curve: RiskCoverage) -> Markup:
    """Draw a regression's error against the share of rows that are answered.

    Args:
        curve: By the variance of the samples.

    Returns:
        The roots of the mean squared errors, in the target's unit, and dotted those of the order
        that no doubt can beat.
    """
    shares, found = curve.coverage.tolist(), curve.risk.sqrt().tolist()

    def paint(axes: Axes) -> None:
        axes.plot(shares, curve.best_risk.sqrt().tolist(), color=MUTED, linewidth=1, linestyle=":")
        axes.plot(shares, found, color=SAMPLES, linewidth=1.9)
        axes.set_xlim(0, 1.01)
        axes.set_ylim(bottom=0)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda share, _: f"{100 * share:g} %"))
        axes.set_xlabel("rows answered, the least doubtful first")
        axes.set_ylabel("their root mean squared error")

    parts = [(len(found) * step + 3) // 4 for step in (1, 2, 3, 4)]
    told = ", ".join(f"{shares[n - 1]:.0%} of rows: {found[n - 1]:.4g}" for n in parts)
    alt = f"Root mean squared error by coverage. {told}."
    return draw("risk", alt, paint, size=_TALL, margins=_MARGINS)


def interval_figure(found: IntervalCalibration) -> Markup:
    """Draw how many targets lie inside intervals of each level."""
    shares = found.share.tolist()

    def paint(axes: Axes) -> None:
        _square(axes, "level of the interval", "targets inside")
        axes.plot(found.levels, shares, "o-", color=SAMPLES, linewidth=2, ms=4)

    told = ", ".join(f"{level:.0%}: {x:.1%}" for level, x in zip(found.levels, shares, strict=True))
    alt = f"Share of targets inside intervals by level. {told}."
    return draw("intervals", alt, paint, size=_TALL, margins=_MARGINS)
