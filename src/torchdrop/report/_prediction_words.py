"""What a Monte Carlo prediction says, in words and numbers for its page."""

from __future__ import annotations

import math

from ..montecarlo import (
    IntervalCalibration,
    Point,
    Prediction,
    RiskCoverage,
    calibration,
    labeled,
    summary,
)
from ._numbers import decimals, plural
from ._prediction_figures import curves_of_risk
from ._prediction_rows import four_digits

_AREAS = ("doubt", "area", "area at best", "area if it says nothing")
_SHOWN_LEVELS = (0.5, 0.8, 0.9, 0.95)
_GLUE = "\N{NO-BREAK SPACE}"


def headline(prediction: Prediction) -> str:
    """What it is, in a few words."""
    counts = prediction.samples
    least, most = int(counts.min()), int(counts.max())
    drawn = plural(most, "sample") if least == most else f"{least:,} to {most:,} samples"
    rows = plural(len(prediction), "row")
    return f"{rows}, all masks of each" if prediction.exact else f"{rows}, {drawn} of each"


def verdict(prediction: Prediction) -> str:
    """How samples and weight scaling compare; empty where the data held no targets.

    Standard errors are of each alone, over rows; the two are judged on the same rows, so their
    difference is usually surer than these say.
    """
    if not prediction.curve:
        return "" if prediction.targets is not None else "The data hold no targets to judge it by."
    plain, last = prediction.curve[0], prediction.curve[-1]
    show = _share if prediction.task == "classification" else _root
    what = "wrong on" if prediction.task == "classification" else "off by"
    text = (
        f"The mean of {plural(last.samples, 'sample')} is {what} {show(last)}, weight scaling "
        f"{'on ' if prediction.task == 'classification' else 'by '}{show(plain)}."
    )
    if not math.isnan(last.log_likelihood):
        text += (
            f" Log-likelihood: {_likelihood(last)} against {_likelihood(plain)}, in nats; "
            "higher is better."
        )
    return text + _left_out(prediction)


def _left_out(prediction: Prediction) -> str:
    count = len(prediction) - len(labeled(prediction))
    if not count:
        return ""
    return f" {plural(count, 'row')} without a target {'is' if count == 1 else 'are'} left out."


def _share(point: Point) -> str:
    return f"{100 * point.error:.2f}{_GLUE}% of rows{_give(100 * point.error_deviation, '.2f')}"


def _root(point: Point) -> str:
    form = f",.{decimals([point.error])}f"
    return f"{point.error:{form}}{_give(point.error_deviation, form)} (root mean square)"


def _likelihood(point: Point) -> str:
    return f"{point.log_likelihood:.4f}{_give(point.log_likelihood_deviation, '.4f')}"


def _give(deviation: float, form: str) -> str:
    return "" if math.isnan(deviation) else f"{_GLUE}\N{PLUS-MINUS SIGN}{_GLUE}{deviation:{form}}"


def facts(prediction: Prediction) -> tuple[tuple[str, str], ...]:
    """Names and values for the head of the page."""
    found = summary(prediction)
    pairs = [
        ("Task", found.task),
        ("Classes" if found.task == "classification" else "Values", f"{found.values:,}"),
        ("Samples, on average", "none" if prediction.exact else f"{found.samples[1]:,.4g}"),
        ("Masks", "shared by all rows" if found.masks == "shared" else "of each row"),
        ("Seed", str(found.seed)),
        *((name.replace("_", " ").capitalize(), f"{x:.4g}") for name, x in found.means.items()),
        ("Largest standard error", f"{found.standard_error:.2g}"),
    ]
    if prediction.tau is not None:
        pairs.append(("Precision of the noise, tau", f"{prediction.tau:g}"))
    known = [(name, value) for name, value in pairs if value != "nan"]
    return (*known, ("How", found.strategy))


def scores(prediction: Prediction) -> tuple[tuple[str, ...], ...]:
    """The table of calibration: headings, then a line for samples and for weight scaling."""
    rows = []
    for name, one in (
        ("samples", calibration(prediction)),
        ("weight scaling", calibration(prediction, of="weight_scaling")),
    ):
        numbers = (one.ece, one.adaptive_ece, one.brier, one.log_likelihood)
        rows.append(
            (name, f"{one.accuracy:.2%}", f"{one.confidence:.2%}", *(f"{x:.4f}" for x in numbers))
        )
    head = ("", "accuracy", "confidence", "ECE", "adaptive ECE", "Brier", "log-likelihood")
    return (head, *rows)


def risks(prediction: Prediction) -> tuple[tuple[str, ...], ...]:
    """The table of risk by coverage: headings, then a line for each kind of doubt."""
    rows = [
        (name, *(f"{area:.5f}" for area in _areas(one)))
        for _, name, one in curves_of_risk(prediction)
    ]
    return (_AREAS, *rows)


def errors(curve: RiskCoverage) -> tuple[tuple[str, ...], ...]:
    """The same table of a regression, whose risk is a mean squared error."""
    return (_AREAS, ("variance of the samples", *map(four_digits, _areas(curve))))


def _areas(curve: RiskCoverage) -> tuple[float, float, float]:
    return curve.aurc, curve.best_aurc, float(curve.risk[-1])


def intervals(found: IntervalCalibration) -> tuple[tuple[str, ...], ...]:
    """The table of some intervals: headings, then a line for each level."""
    shown = [number for number, level in enumerate(found.levels) if level in _SHOWN_LEVELS]
    lines = [
        (
            f"{found.levels[number]:.0%}",
            f"{float(found.share[number]):.1%}",
            four_digits(float(found.width[number].mean())),
        )
        for number in shown
    ]
    return (("level", "targets inside", "mean width"), *lines)


def held(found: IntervalCalibration) -> str:
    """How well intervals hold, in a sentence."""
    side = "too wide" if found.surplus > 0 else "too narrow"
    return (
        f"On average over levels, shares are {100 * found.error:.1f}{_GLUE}points away; together "
        f"intervals are {100 * abs(found.surplus):.1f}{_GLUE}points {side}. Perfect ones would be "
        f"about {33 / math.sqrt(found.rows):.1f}{_GLUE}points away by chance. CRPS "
        f"{four_digits(float(found.crps.mean()))}, in the target's unit; lower is better."
    )
