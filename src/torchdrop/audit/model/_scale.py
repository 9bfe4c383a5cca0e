"""Dropout of another package that forgets to scale what it keeps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from torch import nn

from ...sites import Site
from ._built_at import class_line
from ._draft import Draft
from ._steps import Flow
from ._subject import Subject

_CALLS = 20


def unscaled(subject: Subject, sites: Sequence[Site], flow: Flow) -> Iterator[Draft]:
    """Report layers that drop, and neither scale what they keep nor do so in evaluation.

    Each layer that is neither torch's nor torchdrop's gets ones of the shape that it got in the
    model, in both modes.

    Args:
        subject: What was run.
        sites: The places that drop.
        flow: Of a forward in training mode.

    Yields:
        A warning for each class.
    """
    shapes = {step.module: step.given for step in flow.of("dropout") if step.layer is not None}
    for site in sites:
        foreign = type(site.module).__module__.partition(".")[0] not in ("torch", "torchdrop")
        shape = shapes.get(site.name)
        if not foreign or shape is None or not site.p or site.p >= 1:
            continue
        if _keeps_ones(site.module, shape):
            kind = type(site.module).__name__
            message = f"`{kind}` drops, but keeps the rest as it is, in training and evaluation: "
            yield Draft(
                "DRP405",
                "warning",
                site.name,
                f"{message}outputs are larger in evaluation, by 1 / (1 - p).",
                class_line(type(site.module)),
                "Divide what is kept by 1 - p.",
            )


def _keeps_ones(layer: nn.Module, shape: tuple[int, ...]) -> bool:
    """Whether ones come out as ones and zeros in training, and as ones in evaluation."""
    ones, values = torch.ones(shape), set[float]()
    before = layer.training
    try:
        with torch.no_grad():
            layer.train(False)
            if not _is_ones(layer, ones):
                return False
            layer.train(True)
            for _ in range(_CALLS):
                result = layer(ones.clone())
                values.update(result.unique()[:3].tolist())
    finally:
        layer.train(before)
    return values == {0.0, 1.0}


def _is_ones(layer: nn.Module, ones: torch.Tensor) -> bool:
    result = layer(ones.clone())
    return isinstance(result, torch.Tensor) and torch.equal(result, ones)
