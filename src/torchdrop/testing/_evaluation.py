"""Is dropout off in evaluation, whoever switches it?"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ._measured import Measured, Result
from ._patient import Patient


def evaluation_is_certain(patient: Patient) -> Result:
    """Evaluation gives the same twice."""
    first, second = _call(patient), _call(patient)
    return Measured(
        "elements that differ between two calls in evaluation",
        _differences(first, second),
        0,
        0,
        "the mode does not reach it, or is not asked. Pass "
        "training=self.training, and register modules that are wrapped.",
    )


def evaluation_passes_through(patient: Patient) -> Result:
    """Evaluation gives the input, times `1 - p` where it is meant to rescale there."""
    x = patient.inputs()
    expected = 1.0 if patient.scale == "train" else 1 - patient.p
    ratio = _call(patient) / x
    farthest = ratio.flatten()[(ratio - expected).abs().argmax()]
    return Measured(
        "factor of an element in evaluation",
        float(farthest),
        expected,
        0 if patient.scale == "train" else 4 * 2**-23,
        "it scales in training and in evaluation. If it is meant to rescale in evaluation only, as "
        'the first paper does, say scale="eval".',
    )


def parent_switches(patient: Patient) -> Result:
    """A parent's `eval()` does what the module's own does."""
    module, x = patient.module, patient.inputs()
    parent = nn.Sequential(module)
    patient(x.clone())
    parent.eval()
    with torch.no_grad():
        by_parent = parent(x.clone())
    return Measured(
        "elements that differ after a parent's eval() and its own",
        _differences(by_parent, _call(patient)),
        0,
        0,
        "it overrides eval(), which a parent never calls: it calls train(False). Override train.",
    )


def _call(patient: Patient) -> Tensor:
    with torch.no_grad():
        return patient(patient.inputs(), training=False)


def _differences(first: Tensor, second: Tensor) -> int:
    return int((first != second).sum())
