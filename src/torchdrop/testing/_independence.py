"""Do draws depend on each other: along an axis, from call to call, from layer to layer?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import torch
from torch import Tensor

from ._bounds import share_bound
from ._measured import Measured, Result, Skipped, worst
from ._patient import Patient, Subject
from ._sample import constant_axes, one_of_each, repeats, sample, shared


def sharing(patient: Patient) -> Result:
    """The mask is shared along the axes that were told, and along no others."""
    found = constant_axes(patient)
    told = {axis for axis in patient.shared_axes if patient.shape[axis] > 1}
    wrong = sorted(told.symmetric_difference(found))
    return Measured(
        "axes along which sharing is not as told",
        len(wrong),
        0,
        0,
        " ".join(_sentence(axis, axis in found) for axis in wrong),
    )


def independence(patient: Patient) -> Result:
    """Elements some way apart are both dropped as often as chance has it, along every axis."""
    dropped = one_of_each(patient, sample(patient, patient.p).dropped)
    dropped = dropped[:1] if repeats(dropped) else dropped
    pairs = [
        _both(first, second, f"{lag} apart along axis {axis}")
        for axis, size in enumerate(patient.shape)
        if axis not in shared(patient)
        for lag, first, second in _lags(dropped, axis + 1, size)
    ]
    return worst(pairs) if pairs else Skipped("one draw serves the whole mask")


def fresh_masks(patient: Patient) -> Result:
    """A call does not repeat the mask of a call before it."""
    if not patient.elementwise:
        return _fresh_outputs(patient)
    dropped = one_of_each(patient, sample(patient, patient.p).dropped)
    return worst(
        _both(first, second, f"of calls {lag} apart")
        for lag, first, second in _lags(dropped, 0, len(dropped))
    )


def other_instances(patient: Patient) -> Result:
    """Two layers, built one after the other, draw different masks."""
    if patient.build is None:
        return Skipped("nobody knows how to build another one")
    first, second = (_masks(patient, patient.build(patient.p)) for _ in range(2))
    return _both(first, second, "of two instances")


def _masks(patient: Patient, subject: Subject) -> Tensor:
    other = replace(patient, subject=subject)
    x = patient.inputs()
    with torch.no_grad():
        dropped = torch.stack([other(x.clone()) == 0 for _ in range(8)])
    return one_of_each(patient, dropped)


def _lags(dropped: Tensor, axis: int, size: int) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Pairs of elements 1, 2, 4, ... apart, such that no element is in two pairs."""
    lag = 1
    while 2 * lag <= size:
        whole = dropped.narrow(axis, 0, size - size % (2 * lag))
        blocks = whole.reshape(*whole.shape[:axis], -1, 2, lag, *whole.shape[axis + 1 :])
        yield lag, blocks.select(axis + 1, 0), blocks.select(axis + 1, 1)
        lag *= 2


def _both(first: Tensor, second: Tensor, what: str) -> Measured:
    """How often both of a pair are of the rarer kind, against the square of how often one is."""
    mostly_dropped = (first.double().mean() + second.double().mean()).item() > 1
    rare = ~torch.stack([first, second]) if mostly_dropped else torch.stack([first, second])
    share = rare.double().mean().item()
    both = (rare[0] & rare[1]).double().mean().item()
    word = "kept" if mostly_dropped else "dropped"
    return Measured(
        f"share of pairs {what} {word} together",
        both,
        share**2,
        share_bound(first.numel(), share**2, above=both > share**2),
        "draws depend on each other: a mask or a seed is used again, or regions are dropped "
        "together. If that is the purpose, tell shared_axes or expect.",
    )


def _fresh_outputs(patient: Patient) -> Measured:
    x = patient.inputs()
    with torch.no_grad():
        outputs = [patient(x.clone()) for _ in range(9)]
    repeats = sum(torch.equal(a, b) for a, b in pairwise(outputs))
    return Measured(
        "calls of 8 in training that repeat the one before",
        repeats,
        0,
        7,
        "nothing is dropped, or always the same.",
    )


def _sentence(axis: int, found: bool) -> str:
    if found:
        return (
            f"the mask is shared along axis {axis}; if that is the purpose, name it in shared_axes."
        )
    return f"the mask is not shared along axis {axis}, which shared_axes names."
