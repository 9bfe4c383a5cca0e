"""The ends of the range: p = 0, p = 1, what lies outside, and numbers that are none."""

from __future__ import annotations

import torch
from torch import nn

from ._measured import Measured, Result, Skipped
from ._patient import Patient

INVALID = (-0.5, 1.5, float("nan"), float("inf"))


def nothing_dropped(patient: Patient) -> Result:
    """With p = 0 training gives the input."""
    x = patient.inputs()
    with torch.no_grad():
        y = patient.at(0.0)(x.clone())
    return Measured(
        "elements that p = 0 changes",
        int((y != x).sum()),
        0,
        0,
        "a threshold is off by one, or p = 0 is not told from an absent setting.",
    )


def all_dropped(patient: Patient) -> Result:
    """With p = 1 training gives zeros."""
    try:
        always = patient.at(1.0)
    except ValueError as refusal:
        return Skipped(f"p = 1 is refused: {refusal}")
    with torch.no_grad():
        y = always(patient.inputs())
    return Measured(
        "elements that p = 1 does not make 0",
        int((y != 0).sum()),
        0,
        0,
        "the scale 1 / (1 - p) is infinite, and 0 times infinity is NaN. Give zeros for p = 1, or "
        "refuse it when the layer is built.",
    )


def dropped_infinity(patient: Patient) -> Result:
    """A dropped element is 0, also where it was infinite or NaN."""
    torch.manual_seed(patient.seed)
    x = patient.inputs()
    with torch.no_grad():
        infinite = patient(torch.full_like(x, torch.inf))
        missing = patient(torch.full_like(x, torch.nan))
    few = patient.p * x.numel() < 50
    survived = int(infinite.isnan().sum())
    if survived == 0 and not few and not (missing == 0).any() and (infinite == 0).any():
        survived = int((infinite == 0).sum())
    return Measured(
        f"dropped elements that stay NaN, of {x.numel()} infinite or NaN inputs",
        survived,
        0,
        0,
        "elements are multiplied by a mask of 0 and 1, and 0 times infinity is NaN. Select by "
        "torch.where.",
    )


def invalid_rates(patient: Patient) -> Result:
    """What is not a probability is refused when the layer is built."""
    accepted = [p for p in INVALID if not _refused(patient, p)]
    return Measured(
        f"rates accepted of {', '.join(map(str, INVALID))}",
        len(accepted),
        0,
        0,
        f"p = {', '.join(map(str, accepted))} is not refused when the layer is built, and fails "
        "later or drops silently at another rate. Ask for 0 <= p <= 1, which NaN does not meet.",
    )


def _refused(patient: Patient, p: float) -> bool:
    """A function has nothing but its call to refuse by."""
    assert patient.build is not None
    try:
        other = patient.build(p)
        if not isinstance(other, nn.Module):
            other(patient.inputs(), True)
    except Exception:  # noqa: BLE001 - whatever is raised, it refuses
        return True
    return False
