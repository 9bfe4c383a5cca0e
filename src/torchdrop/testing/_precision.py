"""What 16-bit numbers do to the rate and the scale, where 32-bit ones are right."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ._bounds import share_bound
from ._measured import Measured, Result, Skipped, worst
from ._patient import Patient
from ._sample import draws, shared

# More than 65 504, the largest number in float16, by far.
_ELEMENTS = 2**18


def rate_in(patient: Patient, dtype: torch.dtype) -> Result:
    """The share dropped is p on large 16-bit tensors too, at p and at a small rate."""
    smallest = () if patient.build is None else (0.001,)
    return worst(_share(patient.at(p), patient, dtype) for p in (patient.p, *smallest))


def scale_in(patient: Patient, dtype: torch.dtype) -> Result:
    """Kept elements are on average what `x / (1 - p)` is when rounded once."""
    x, y = _call(patient, dtype)
    kept = y != 0
    if not kept.any():
        return Skipped("no element was kept")
    exact = x.double()[kept] * patient.factor(patient.p)
    error = _relative_error(y[kept], exact)
    # A product that lies between two numbers may go either way.
    low, high = (_relative_error((exact * (1 + e)).to(dtype), exact) for e in (-5e-7, 5e-7))
    chance = 5 * torch.finfo(dtype).eps / len(exact) ** 0.5
    return Measured(
        f"mean error in percent of kept elements at p = {patient.p:.4g}",
        100 * error,
        100 * (low + high) / 2,
        100 * (abs(high - low) / 2 + chance),
        f"1 / (1 - p) is rounded to {_name(dtype)} before it multiplies, so that all elements are "
        "off the same way. Multiply in float32, and round the product once.",
    )


def _share(patient: Patient, told: Patient, dtype: torch.dtype) -> Measured:
    x, y = _call(patient, dtype)
    longer = 1 if 0 in shared(told) else len(x) // patient.shape[0]
    n = draws(told, 1) * longer
    share = (y == 0).double().mean().item()
    return Measured(
        f"share dropped of {n} draws at p = {patient.p:.4g}",
        share,
        patient.p,
        share_bound(n, patient.p, above=share > patient.p),
        f"something is computed in {_name(dtype)} that does not fit in it: a uniform number, which "
        "has few bits there, its sum with a probability, or a sum over the mask, which overflows.",
    )


def _call(patient: Patient, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    if isinstance(patient.subject, nn.Module):
        patient.subject.to(dtype)
    x = patient.inputs(dtype, _ELEMENTS)
    with torch.no_grad():
        return x, patient(x.clone())


def _relative_error(y: Tensor, exact: Tensor) -> float:
    return float((y.double() - exact).sum() / exact.sum())


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
