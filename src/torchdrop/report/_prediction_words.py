"""What a Monte Carlo prediction says, in words and numbers for its page."""

from __future__ import annotations

import math

from ..montecarlo import Point, Prediction, calibration, summary
from ._numbers import plural
from ._prediction_figures import curves_of_risk

_GLUE = "\N{NO-BREAK SPACE}"


def headline(prediction: Prediction) -> str:
    """What it is, in a few words."""
    counts = prediction.samples
    least, most = int(counts.min()), int(counts.max())
    drawn = plural(most, "sample") if least == most else f"{least:,} to {most:,} samples"
    return f"{plural(len(prediction), 'row')}, {drawn} of each"


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
    if math.isnan(last.log_likelihood):
        return text
    return (
        f"{text} Log-likelihood: {_likelihood(last)} against {_likelihood(plain)}, in nats; "
        "higher is better."
    )


def _share(point: Point) -> str:
    return f"{100 * point.error:.2f}{_GLUE}% of rows{_give(100 * point.error_deviation, '.2f')}"


def _root(point: Point) -> str:
    return f"{point.error:.4g}{_give(point.error_deviation, '.2g')} (root mean square)"


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
        ("Samples, on average", f"{found.samples[1]:,.4g}"),
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
        (name, f"{one.aurc:.5f}", f"{one.best_aurc:.5f}", f"{float(one.risk[-1]):.5f}")
        for _, name, one in curves_of_risk(prediction)
    ]
    return (("doubt", "area", "area at best", "area if it says nothing"), *rows)
