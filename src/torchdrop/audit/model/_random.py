"""Randomness in evaluation mode that no call of a known dropout explains."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any

import torch
from torch import Tensor, nn

from ...sites import tensors
from ._built_at import class_line
from ._draft import Draft
from ._evaluation import Draw, Watch
from ._subject import Subject


def randomness(subject: Subject, draws: Collection[Draw], *, differs: bool) -> Iterator[Draft]:
    """Report draws of random numbers, and outputs that change from one forward to the next.

    A function that draws and is no mask may be there to sample, so it is advice. What changes
    without a draw that was seen is a warning.

    Args:
        subject: What was run.
        draws: Of one forward, without those of dropout.
        differs: Whether two forwards on the same input gave different outputs.

    Yields:
        What may be wrong.
    """
    seen = [draw for draw in draws if draw.what]
    if differs and not seen:
        yield _different(subject)
        return
    effect = "and outputs differ from forward to forward" if differs else "without effect on what "
    effect += "" if differs else "the model returns"
    for draw in draws:
        name = "" if draw.owner is None else subject.names.get(draw.owner, "")
        what = f"`{draw.what}()` draws" if draw.what else "Something draws"
        message = f"{what} random numbers in evaluation mode, {effect}."
        yield Draft("DRP402", "advice", name, message, draw.line)


def agree(first: Any, second: Any) -> bool:
    """Whether what two forwards gave is the same, up to rounding."""
    one, two = list(tensors(first)), list(tensors(second))
    return len(one) == len(two) and all(map(_close, one, two))


def _close(one: Tensor, two: Tensor) -> bool:
    if one.shape != two.shape or one.dtype != two.dtype:
        return False
    if one.is_meta:
        return True
    if one.is_sparse or not (one.is_floating_point() or one.is_complex()):
        return one.is_sparse or torch.equal(one, two)
    tolerance = 1000 * torch.finfo(one.dtype).eps  # sums on many threads round differently
    scale = float(one.detach().abs().nan_to_num(0, 0, 0).max()) if one.numel() else 0.0
    return torch.allclose(one, two, rtol=tolerance, atol=tolerance * scale, equal_nan=True)


def _different(subject: Subject) -> Draft:
    first = _first_to_differ(subject)
    name = "" if first is None else subject.names[first]
    line = None if first is None else class_line(type(first))
    what = f"`{type(subject.model if first is None else first).__name__}`"
    message = f"{what} gives different outputs for the same input in evaluation mode"
    return Draft("DRP402", "warning", name, f"{message}, and no call was seen to draw.", line)


def _first_to_differ(subject: Subject) -> nn.Module | None:
    """Find the first module to finish whose output is another one in a second forward."""
    first, second = _outputs(subject, 1), _outputs(subject, 2)
    for (module, one), (again, two) in zip(first, second, strict=False):
        if module is not again or not agree(one, two):
            return module
    return None


def _outputs(subject: Subject, seed: int) -> list[tuple[nn.Module, list[Tensor]]]:
    finished: list[tuple[nn.Module, list[Tensor]]] = []

    def note(module: nn.Module, arguments: object, output: object) -> None:
        finished.append((module, [x.detach().clone() for x in tensors(output)]))

    modules = [m for m in subject.names if not isinstance(m, torch.jit.ScriptModule)]
    handles = [module.register_forward_hook(note) for module in modules]
    try:
        with torch.no_grad(), Watch(subject.names, quiet=True):
            subject.run(False, seed=seed)
    finally:
        for handle in handles:
            handle.remove()
    return finished
