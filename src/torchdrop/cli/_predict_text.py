"""What `torchdrop predict` says about predictions whose targets are known."""

from __future__ import annotations

import math
from pathlib import Path

from ..montecarlo import Point, Prediction, labeled
from ..tuning import DataSummary


def scores(prediction: Prediction, source: str, trained_on: DataSummary) -> str:
    """Say how good the mean of the samples and weight scaling are.

    Args:
        prediction: Of rows with targets or without.
        source: What was predicted for, as the user named it.
        trained_on: The data of the run.

    Returns:
        One line; empty without targets.
    """
    if not prediction.curve:
        return ""
    plain, last = prediction.curve[0], prediction.curve[-1]
    rows, of = len(labeled(prediction)), len(prediction)
    known = f"{rows:,} rows" if rows == of else f"{rows:,} of {of:,} rows, which have a target"
    classes = prediction.task == "classification"
    error = _share if classes else _root
    told = (
        f"Scores of {known}: {'wrong classes' if classes else 'root mean squared error'} "
        f"{error(last)} by the mean of {last.samples:,} samples, {error(plain)} by weight scaling"
    )
    if not math.isnan(last.log_likelihood):
        told += f"; log-likelihood {last.log_likelihood:.4f} and {plain.log_likelihood:.4f} nats"
    if Path(source).stem == trained_on.name and rows == sum(trained_on.rows):
        told += "; the run seems to be trained on these rows, which makes scores too good"
    return f"{told}."


def _share(point: Point) -> str:
    return f"{100 * point.error:.2f} %"


def _root(point: Point) -> str:
    """Four digits or more, and no exponent as long as that is readable."""
    size = math.floor(math.log10(point.error)) if point.error else 0
    return f"{point.error:,.{min(max(3 - size, 0), 9)}f}"
