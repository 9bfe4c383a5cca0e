"""Masks drawn by many calls at one rate, and what is read off them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod

import torch
from torch import Tensor

from ._patient import Patient

RATES = (0.001, 1 / 512, 0.003, 0.1, 0.37, 0.9)
"""Rates that every dropout is examined at: small ones, and none on the 1/256 grid but one half."""


@dataclass(frozen=True)
class Sample:
    """What many calls in training gave.

    Attributes:
        p: Rate asked for.
        dropped: bool, shape (calls, *shape).
        mean: Mean of the outputs over the mean of the inputs.
        least: Smallest factor that a kept element was multiplied by; NaN where none was kept.
        most: Largest one.
    """

    p: float
    dropped: Tensor
    mean: float
    least: float
    most: float


def rates(patient: Patient) -> tuple[float, ...]:
    """The rates that this dropout can be had at."""
    return (patient.p,) if patient.build is None else tuple({*RATES, patient.p})


def samples(patient: Patient) -> Iterator[Sample]:
    """A sample at each rate."""
    return (sample(patient, p) for p in rates(patient))


def sample(patient: Patient, p: float) -> Sample:
    """Call a fresh dropout many times at rate `p`, once and for all checks.

    Args:
        patient: Whom.
        p: Rate asked for.

    Returns:
        What came; the same object at every call.
    """
    if p not in patient.samples:
        patient.samples[p] = _draw(patient.at(p))
    found: Sample = patient.samples[p]
    return found


def _draw(patient: Patient) -> Sample:
    torch.manual_seed(patient.seed)
    x = patient.inputs()
    with torch.no_grad():
        y = torch.stack([patient(x.clone()) for _ in range(patient.calls)])
    dropped = y == 0
    kept = (y / x)[~dropped]
    least, most = kept.aminmax() if len(kept) else (torch.tensor(torch.nan),) * 2
    mean = float(y.double().mean() / x.double().mean())
    return Sample(patient.p, dropped, mean, float(least), float(most))


def shared(patient: Patient) -> tuple[int, ...]:
    """Axes along which the masks do not change, told or found."""
    return tuple(sorted({*patient.shared_axes, *constant_axes(patient)}))


def constant_axes(patient: Patient) -> tuple[int, ...]:
    """Axes along which every mask is the same throughout; none where nothing can be told."""
    dropped = sample(patient, patient.p).dropped
    if dropped.all() or not dropped.any():
        return ()
    return tuple(
        axis
        for axis, size in enumerate(patient.shape)
        if size > 1 and torch.equal(dropped, dropped.narrow(axis + 1, 0, 1).expand_as(dropped))
    )


def draws(patient: Patient, calls: int) -> int:
    """How many independent draws that many calls make."""
    axes = shared(patient)
    calls = 1 if repeats(sample(patient, patient.p).dropped) else calls
    return calls * prod(size for axis, size in enumerate(patient.shape) if axis not in axes)


def repeats(dropped: Tensor) -> bool:
    """Whether every call gave the same mask, as far as that can be told."""
    if dropped.all() or not dropped.any():
        return False
    return torch.equal(dropped, dropped[:1].expand_as(dropped))


def one_of_each(patient: Patient, dropped: Tensor) -> Tensor:
    """The masks without the axes along which they are shared.

    Args:
        patient: Whose.
        dropped: bool, shape (calls, *shape).

    Returns:
        A view, with size 1 along shared axes.
    """
    for axis in shared(patient):
        dropped = dropped.narrow(axis + 1, 0, 1)
    return dropped
