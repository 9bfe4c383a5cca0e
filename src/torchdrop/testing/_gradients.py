"""Does backward drop what forward dropped, and scale it alike?"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ._measured import Measured, Result, Skipped
from ._patient import Patient


def gradient_mask(patient: Patient) -> Result:
    """The gradient is 0 exactly where the output is."""
    return Measured(
        "gradients that are 0 where the output is not, or the reverse",
        mismatches(*gradient_and_output(patient)),
        0,
        0,
        "backward uses another mask than forward: a seed or an offset is not handed on, or the "
        "output is cut from the graph.",
    )


def gradient_scale(patient: Patient) -> Result:
    """The gradient of a kept element is the factor that it was multiplied by."""
    gradient, y = gradient_and_output(patient)
    kept = (y != 0) & (gradient != 0)
    if not kept.any():
        return Skipped("no element was kept")
    ratio = gradient.double()[kept] / (y.detach().double() / patient.inputs().double())[kept]
    farthest = ratio[(ratio - 1).abs().argmax()]
    return Measured(
        "gradient of a kept element, over the factor it was multiplied by",
        float(farthest),
        1,
        4 * 2**-23,
        "the factor of forward is forgotten or applied twice in backward.",
    )


def gradient_at_one(patient: Patient) -> Result:
    """With p = 1 every gradient is 0, not NaN or infinite."""
    gradient, _ = gradient_and_output(patient.at(1.0))
    return Measured(
        "gradients that are not 0 at p = 1",
        int((gradient != 0).sum()),
        0,
        0,
        "backward divides by 1 - p = 0. Choose the scale for p = 1 apart, before the division.",
    )


def gradient_and_output(
    patient: Patient, call: Callable[[Tensor], Tensor] | None = None
) -> tuple[Tensor, Tensor]:
    """Call in training and differentiate the sum of the output.

    Args:
        patient: Whom.
        call: What is called instead.

    Returns:
        The gradient of the input, and the output.
    """
    leaf = patient.inputs().requires_grad_()
    # What comes in is no leaf, so that layers may work in place.
    y = (call or patient)(leaf * 1)
    # Not autograd.grad, which reentrant checkpoints refuse.
    y.sum().backward()  # type: ignore[no-untyped-call]
    return torch.zeros_like(leaf) if leaf.grad is None else leaf.grad, y


def mismatches(gradient: Tensor, y: Tensor) -> int:
    """Number of elements for which just one of gradient and output is 0."""
    return int(((gradient == 0) != (y == 0)).sum())
