"""Dropout of channels on tensors of another shape than it takes."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ._draft import Draft
from ._steps import Flow, Step

_FEATURES_LAST = ("Embedding", "Linear", "LayerNorm", "LSTM", "GRU", "RNN", "MultiheadAttention")
_FEATURES_LAST_FUNCTIONS = ("linear", "embedding", "layer_norm")


def channel_shapes(flow: Flow) -> Iterator[Draft]:
    """Check the number of axes that dropout of channels is given.

    Torch reads a tensor of one axis less as one without a batch: then whole samples are dropped.

    Args:
        flow: Of a forward in training mode.

    Yields:
        An error where samples are dropped, a warning where it is not what the name says.
    """
    for step in flow.of("dropout"):
        axes = _axes(step)
        if axes is not None and step.given is not None:
            yield from _check(flow, step, axes, step.given)


def _axes(step: Step) -> int | None:
    """Read from the name along how many axes a channel lies; `None` for anything else."""
    found = re.fullmatch(r"[Dd]ropout([123])d", step.what)
    # torchdrop's own layers refuse what torch misreads.
    foreign = step.layer is None or type(step.layer).__module__.startswith("torch.nn")
    return int(found[1]) if found and foreign else None


def _check(flow: Flow, step: Step, axes: int, shape: tuple[int, ...]) -> Iterator[Draft]:
    if len(shape) == axes + 2:
        return
    given = f"`{step.what}` is given {len(shape)} axes, {shape}"
    if len(shape) == axes + 1 and axes != 2:
        batched = flow.shape is not None and flow.shape[:1] == shape[:1] and shape[0] > 1
        message = f"{given}: it takes the first for channels, and drops whole samples."
        yield Draft("DRP309", "error" if batched else "warning", step.module, message, step.line)
    elif len(shape) == 3:
        if _features_last(flow.source(step)):
            message = f"{given}: it drops whole entries of the second axis, with all features."
            yield Draft("DRP309", "warning", step.module, message, step.line)
    else:
        message = f"{given}, and has no channels of {axes} axes to drop."
        yield Draft("DRP309", "warning", step.module, message, step.line)


def _features_last(before: Step | None) -> bool:
    if before is None:
        return False
    name = type(before.layer).__name__ if before.layer is not None else ""
    return name in _FEATURES_LAST or before.what in _FEATURES_LAST_FUNCTIONS
