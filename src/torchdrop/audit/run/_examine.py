"""Health checks of dropout layers that neither torch nor torchdrop has written."""

from __future__ import annotations

import inspect

from torch import nn

from ...testing import CHECKS, Symptom, check_dropout
from ._layers import rate
from ._scene import Scene
from ._subject import Subject

_JUDGED = frozenset(
    ("keep rate", "scale", "expectation", "fresh masks", "gradient mask", "evaluation")
)
_SHARING = ("path", "depth", "block", "1d", "2d", "3d", "spatial", "channel", "token", "locked")


def examine(subject: Subject) -> int:
    """Check each dropout layer of another make, as a copy, and report what is sick.

    Only what any dropout must do: the share that it keeps, its scale, new masks, a gradient with
    the mask of the forward, nothing in evaluation. Layers whose name says that they drop whole
    groups are judged by fresh masks and evaluation alone.

    Args:
        subject: The model.

    Returns:
        How many layers were checked.
    """
    checked = 0
    for site in subject.layers.sites:
        p = rate(site)
        if site.kind == "number" or _is_known(site.module) or p is None or not 0 < p < 1:
            continue
        checked += 1
        judged = _judged(site.module)
        diagnosis = check_dropout(site.module, p, expect=[n for n in CHECKS if n not in judged])
        if diagnosis.sick:
            told = "; ".join(_told(symptom) for symptom in diagnosis.sick)
            subject.journal.report(
                "DRP405",
                (id(subject.root), site.name),
                f"{site.name or 'the model itself'} ({type(site.module).__name__}, p = {p:g}) is "
                f"no sound dropout: {told}.",
                module=site.name,
                scene=_where(type(site.module)),
            )
    return checked


def _where(kind: type) -> Scene | None:
    """Where a class is written; `None` if that is not known, as in an interactive session."""
    try:
        return Scene(inspect.getsourcefile(kind) or "<unknown>", inspect.getsourcelines(kind)[1])
    except (OSError, TypeError):
        return None


def _told(symptom: Symptom) -> str:
    what = f"{symptom.check} ({symptom.quantity.rstrip('.')})"
    if symptom.measured is None or symptom.expected is None:
        return what
    return f"{what} is {symptom.measured:.4g} and should be {symptom.expected:.4g}"


def _judged(module: nn.Module) -> frozenset[str]:
    name = type(module).__name__.lower()
    if any(word in name for word in _SHARING):
        return frozenset(("fresh masks", "evaluation"))
    return _JUDGED


def _is_known(module: nn.Module) -> bool:
    kind = type(module)
    own = kind.__module__.partition(".")[0] in ("torch", "torchdrop")
    return own and "forward" not in vars(module)
