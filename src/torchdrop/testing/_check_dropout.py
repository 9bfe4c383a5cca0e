"""Examine a dropout, whoever wrote it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from math import prod
from typing import Literal

import torch
from torch import nn

from ..errors import SettingError
from ._build import builder
from ._checks import ALL, CHECKS, Check
from ._diagnosis import Diagnosis, Symptom
from ._measured import Skipped
from ._patient import Build, Patient, Subject

_REASONS = {
    "elements": "outputs are not single elements of the input",
    "module": "it is a function",
    "build": "nobody knows how to build it at another rate; pass build=",
}


def check_dropout(
    subject: Subject,
    p: float,
    *,
    shape: tuple[int, ...] = (64, 256),
    shared_axes: tuple[int, ...] = (),
    scale: Literal["train", "eval"] = "train",
    elementwise: bool = True,
    build: Build | None = None,
    expect: Collection[str] = (),
    effort: int = 1,
    seed: int = 0,
) -> Diagnosis:
    """Measure what a dropout does to tensors, and compare it with what a sound one does.

    Each check gives one number, what it should be, and how far chance or rounding may carry it: to
    five standard deviations, so that a sound dropout fails at fewer than one seed in ten thousand.
    Torch's random state is left as it was. A module is examined as a copy; one that cannot be
    copied is called itself, and gets its modes and gradients back.

    Args:
        subject: A module that takes one tensor, whose `train()` and `eval()` are called; or a
            function of a tensor and of whether it is training.
        p: Its probability of dropping, strictly between 0 and 1.
        shape: Of the inputs.
        shared_axes: Axes along which the mask is meant to be shared: `(2, 3)` for a dropout of
            channels in images, `(1,)` for one of whole rows. Without it, draws that are not
            independent make other checks too strict.
        scale: `train` if it divides by `1 - p` in training; `eval` if it multiplies in evaluation.
        elementwise: Whether each output is one input, dropped or scaled. If not, as for layers that
            drop weights, checks of single elements are left out.
        build: Makes the same dropout at another rate. Found out for a module whose constructor's
            arguments are attributes of those names; without it, checks at other rates are left out.
        expect: Names of checks that are known to be sick; they are made and do not count.
        effort: How many million elements rates are estimated from.
        seed: Of torch's generator in each check.

    Returns:
        The diagnosis; `print` it, ask it for `healthy`, or let a test call `raise_if_sick()`.

    Raises:
        SettingError: If a setting is out of its range.

    Example:
        >>> import torch
        >>> diagnosis = check_dropout(torch.nn.Dropout(0.1), 0.1)
        >>> [symptom.check for symptom in diagnosis.sick]
        ['scale in bfloat16', 'scale in float16', 'invalid p', 'dropped infinity']
        >>> diagnosis.healthy
        False
    """
    _check_settings(p, shape, expect, effort)
    axes = _axes(shared_axes, len(shape))
    patient = Patient(
        subject,
        p,
        shape,
        axes,
        scale,
        elementwise,
        build or builder(subject, p),
        seed,
        _calls(shape, axes, effort),
    )
    with _undisturbed(subject):
        symptoms = _examine(patient, expect)
    name = repr(subject) if isinstance(subject, nn.Module) else getattr(subject, "__name__", "it")
    return Diagnosis(name, f"at p = {p:g}, shape {shape}, seed {seed}, effort {effort}", symptoms)


def _examine(patient: Patient, expect: Collection[str]) -> tuple[Symptom, ...]:
    symptoms: dict[str, Symptom] = {}
    for check in ALL:
        sick = {name for name, s in symptoms.items() if s.verdict in ("sick", "expected")}
        reason = _reason_to_skip(check, patient, sick)
        if reason:
            symptoms[check.name] = Symptom(check.name, "skipped", reason)
        else:
            symptoms[check.name] = _symptom(check, patient, check.name in expect)
    return tuple(symptoms.values())


def _reason_to_skip(check: Check, patient: Patient, sick: Collection[str]) -> str:
    available = {
        "elements": patient.elementwise,
        "module": isinstance(patient.subject, nn.Module),
        "build": patient.build is not None,
    }
    for need in check.needs:
        if not available[need]:
            return _REASONS[need]
    return next((f"explained by: {name}" for name in check.after if name in sick), "")


def _symptom(check: Check, patient: Patient, expected: bool) -> Symptom:
    sick: Literal["sick", "expected"] = "expected" if expected else "sick"
    torch.manual_seed(patient.seed)
    try:
        result = check.examine(patient.copy())
    except Exception as error:  # noqa: BLE001 - whatever a layer raises is its symptom
        message = str(error).strip().split("\n")[0]
        return Symptom(check.name, sick, f"raises {type(error).__name__}: {message}")
    if isinstance(result, Skipped):
        return Symptom(check.name, "skipped", result.reason)
    numbers = (result.quantity, result.measured, result.expected, result.bound)
    if result.excess <= 1:
        return Symptom(check.name, "ok", *numbers)
    return Symptom(check.name, sick, *numbers, advice=result.advice)


@contextmanager
def _undisturbed(subject: Subject) -> Iterator[None]:
    """Put torch's generators back, and modes and gradients of a module that is called itself."""
    modules = list(subject.modules()) if isinstance(subject, nn.Module) else []
    modes = [(module, module.training) for module in modules]
    gradients = [(weight, weight.grad) for module in modules[:1] for weight in module.parameters()]
    for weight, _ in gradients:
        weight.grad = None
    try:
        with torch.random.fork_rng(range(torch.cuda.device_count())):
            yield
    finally:
        # From the root to the leaves, as `train` sets everything below.
        for module, mode in modes:
            module.train(mode)
        for weight, gradient in gradients:
            weight.grad = gradient


def _calls(shape: tuple[int, ...], shared_axes: tuple[int, ...], effort: int) -> int:
    """As many as give the draws wanted; not above 128, where each has few."""
    draws = prod(size for axis, size in enumerate(shape) if axis not in shared_axes)
    return min(max(-(-effort * 2**20 // draws), 4), 128 * effort)


def _axes(shared_axes: tuple[int, ...], ndim: int) -> tuple[int, ...]:
    axes = tuple(axis + ndim if axis < 0 else axis for axis in shared_axes)
    if not all(0 <= axis < ndim for axis in axes):
        raise SettingError(
            f"shared_axes names axes of the input; got {shared_axes} for a shape of {ndim} axes."
        )
    return axes


def _check_settings(p: float, shape: tuple[int, ...], expect: Collection[str], effort: int) -> None:
    if not 0 < p < 1:
        raise SettingError(
            f"p is the probability of dropping, strictly between 0 and 1 here; got p={p}. The "
            "ends are checked anyway."
        )
    if not shape or min(shape) < 1:
        raise SettingError(f"shape has one axis or more, none of them empty; got {shape}.")
    if effort < 1:
        raise SettingError(f"effort is a number of millions, 1 or more; got {effort}.")
    if unknown := set(expect) - set(CHECKS):
        raise SettingError(
            f"expect names checks, one of {', '.join(CHECKS)}; got {', '.join(sorted(unknown))}."
        )
