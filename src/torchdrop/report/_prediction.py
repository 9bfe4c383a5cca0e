"""The page of a Monte Carlo prediction: what the samples are worth, and which rows are in doubt."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from ..errors import DataError
from ..montecarlo import Prediction, interval_calibration, labeled, risk_coverage
from ._page import environment, write_whole
from ._prediction_figures import (
    SAMPLES,
    curve_figures,
    error_figure,
    interval_figure,
    reliability_figure,
    risk_figure,
)
from ._prediction_rows import COUNT, extremes, pictures
from ._prediction_words import (
    errors,
    facts,
    headline,
    held,
    intervals,
    risks,
    scores,
    verdict,
)

_NEEDS_TARGETS = (
    *("reliability", "scores", "risk", "risks"),
    *("errors", "error_areas", "intervals", "widths", "held"),
)


def render_prediction(
    prediction: Prediction,
    images: Tensor | None = None,
    *,
    name: str = "the data",
    classes: Sequence[str] = (),
) -> str:
    """Write a prediction as one self-contained page.

    Shown as far as the prediction has it: error and likelihood against the number of samples, with
    weight scaling beside them; a reliability diagram of a classification, or how often a
    regression's intervals hold; the risk by coverage; and the rows that are most and least in
    doubt. Rows whose target is missing (-1 or NaN, as `with_targets` has it) are left out of all
    but the last.

    Args:
        prediction: Of at least two samples. With targets in the data, it can be judged.
        images: The rows as pictures, shape `(N, H, W)`, or `(N, C, H, W)` of 1 or 3 channels;
            dark to light is from the lowest to the highest value of all.
        name: Of the data, for the heading.
        classes: Names of the classes; numbers without it.

    Returns:
        An HTML document that loads nothing; the same for the same prediction.

    Raises:
        DataError: If images or names do not fit the prediction.
    """
    if classes and len(classes) != prediction.mean.shape[1]:
        raise DataError(f"there are {len(classes)} names for {prediction.mean.shape[1]} classes.")
    sure, unsure = extremes(prediction, classes)
    drawn = None if images is None else pictures(images, len(prediction), [*sure, *unsure])
    return (
        environment()
        .get_template("prediction.html")
        .render(
            name=name,
            accent=SAMPLES,
            headline=headline(prediction),
            verdict=verdict(prediction),
            facts=facts(prediction),
            curves=curve_figures(prediction.curve, prediction.task),
            count=COUNT,
            groups=(("Most certain", sure), ("Least certain", unsure)),
            pictures=drawn,
            classification=prediction.task == "classification",
            **{**dict.fromkeys(_NEEDS_TARGETS), **_judged(prediction)},
        )
    )


def _judged(prediction: Prediction) -> dict[str, Any]:
    """What needs targets, of the rows that have one."""
    if prediction.targets is None:
        return {}
    known = labeled(prediction)
    if known.task == "classification":
        return {
            "reliability": reliability_figure(known),
            "scores": scores(known),
            "risk": risk_figure(known),
            "risks": risks(known),
        }
    curve = risk_coverage(known)
    shown = {"errors": error_figure(curve), "error_areas": errors(curve)}
    if known.tau is None:
        return shown
    found = interval_calibration(known)
    return {
        **shown,
        "intervals": interval_figure(found),
        "widths": intervals(found),
        "held": held(found),
    }


def prediction_page(
    prediction: Prediction,
    path: Path,
    images: Tensor | None = None,
    *,
    name: str = "the data",
    classes: Sequence[str] = (),
) -> Path:
    """Write the page of a prediction to a file, which is there whole or not at all.

    Args:
        prediction: As for `render_prediction`.
        path: The file; its folder exists. An existing file is replaced.
        images: As there.
        name: Of the data, for the heading.
        classes: Names of the classes; numbers without it.

    Returns:
        `path`.

    Raises:
        DataError: If images or names do not fit the prediction.
    """
    return write_whole(render_prediction(prediction, images, name=name, classes=classes), path)
