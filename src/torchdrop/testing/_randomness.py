"""Does the mask come from torch's generator, so that seeds and checkpoints work?"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from ._gradients import gradient_and_output, mismatches
from ._measured import Measured, Result
from ._patient import Patient

_CALLS = 8


def manual_seed(patient: Patient) -> Result:
    """After `torch.manual_seed` with the same seed, the same is dropped."""
    first, second = _seeded(patient), _seeded(patient)
    return Measured(
        f"elements that differ in {_CALLS} calls after the same seed",
        int((first != second).sum()),
        0,
        0,
        "it does not draw from torch's global generator, or keeps something from call to call: a "
        "run cannot be repeated by its seed, nor resumed. Draw a seed from the global generator.",
    )


def checkpointed(patient: Patient, use_reentrant: bool) -> Result:
    """Under `torch.utils.checkpoint` the recomputed mask is that of the forward pass."""
    compare = _against_mask if patient.elementwise else _against_plain
    return Measured(
        f"gradients that do not fit the output, in {_CALLS} calls",
        sum(compare(patient, use_reentrant, call) for call in range(_CALLS)),
        0,
        0,
        "recomputation draws another mask than forward did, and the gradient is silently wrong. A "
        "checkpoint puts back torch's global generator only: draw from that one.",
    )


def _seeded(patient: Patient) -> Tensor:
    torch.manual_seed(patient.seed + 1)
    x = patient.inputs()
    with torch.no_grad():
        return torch.stack([patient(x.clone()) for _ in range(_CALLS)])


def _against_mask(patient: Patient, use_reentrant: bool, _call: int) -> int:
    return mismatches(*_checkpointed(patient, use_reentrant))


def _against_plain(patient: Patient, use_reentrant: bool, call: int) -> int:
    torch.manual_seed(patient.seed + call)
    plain, _ = gradient_and_output(patient)
    torch.manual_seed(patient.seed + call)
    recomputed, _ = _checkpointed(patient, use_reentrant)
    return int((~torch.isclose(plain, recomputed)).sum())


def _checkpointed(patient: Patient, use_reentrant: bool) -> tuple[Tensor, Tensor]:
    def call(x: Tensor) -> Tensor:
        return patient(
            x * 1
        )  # a reentrant checkpoint hands on a leaf, and layers may work in place

    return gradient_and_output(patient, lambda x: checkpoint(call, x, use_reentrant=use_reentrant))
