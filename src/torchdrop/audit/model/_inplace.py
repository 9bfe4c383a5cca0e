"""Dropout in place: what it takes from a backward pass, and from others that use its input."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ...sites import calling_module, tensors
from ._built_at import built_at
from ._draft import Draft
from ._lines import line_of
from ._overwritten import Overwritten, works_in_place
from ._subject import Subject

_SAVED = ("_saved_result", "_saved_output")


def corrupted(found: Overwritten) -> Iterator[Draft]:
    """Report dropout in place whose input is used again.

    Args:
        found: What one forward in training mode wrote over.

    Yields:
        An error for each.
    """
    for step in found.corrupted():
        message = f"`{step.what}` works in place on a tensor that is used again: that use, meant "
        yield Draft(
            "DRP111", "error", step.module, f"{message}to be without dropout, has it.", step.line
        )


def breaks_backward(subject: Subject) -> Iterator[Draft]:
    """Report dropout in place that makes a backward pass fail, by running one.

    Only if it works when nothing drops in place, dropout is to blame.

    Args:
        subject: What to run, in training mode.

    Yields:
        An error for each that writes over what another function has saved.
    """
    watch = _InPlace(subject, allow=True)
    if _backward(subject, watch) or not watch.seen:
        return
    if not _backward(subject, _InPlace(subject, allow=False)):
        return
    for module, line, saved in watch.guilty or watch.seen:
        name = subject.names.get(module, "") if module is not None else ""
        what = f"the result of `{saved}`" if saved else "a tensor"
        message = f"Dropout in place writes over {what} that backward() needs, and it fails."
        yield Draft("DRP111", "error", name, message, line or built_at(subject.model, name))


def _backward(subject: Subject, watch: _InPlace) -> bool:
    """Try a backward pass; false if something that it needs was written over."""
    weights = [x for x in subject.model.parameters() if x.requires_grad and not x.is_meta]
    with torch.enable_grad():
        output = subject.run(True, watch.watching)
        results = [x for x in tensors(output) if x.requires_grad and x.is_floating_point()]
        if not weights or not results:
            return True
        try:
            total = torch.stack([x.float().sum() for x in results]).sum()
            torch.autograd.grad(total, weights, allow_unused=True)
        except RuntimeError as error:
            # What fails for another reason is not dropout's.
            return "inplace operation" not in str(error)
    return True


class _InPlace(TorchFunctionMode):
    """See dropout in place, or make it work out of place."""

    def __init__(self, subject: Subject, *, allow: bool) -> None:
        super().__init__()
        self._names = subject.names
        self._allow = allow
        self.seen: list[tuple[nn.Module | None, Any, str]] = []
        self.guilty: list[tuple[nn.Module | None, Any, str]] = []

    @contextmanager
    def watching(self, _: Any) -> Iterator[None]:
        with self:
            yield

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "")
        if "dropout" in name and works_in_place(name, args, kwargs):
            if self._allow:
                self._note(next(tensors((args, kwargs))))
            elif not name.endswith("_"):
                args, kwargs = args[:3], {**kwargs, "inplace": False}
        return func(*args, **kwargs)

    def _note(self, x: Tensor) -> None:
        frame = sys._getframe(2)
        saved = _saves(x)
        entry = calling_module(frame, self._names), line_of(frame), saved
        self.seen.append(entry)
        if saved:
            self.guilty.append(entry)


def _saves(x: Tensor) -> str:
    """Name the function that made a tensor, if it keeps its result for its backward pass."""
    made = x.grad_fn
    if made is None or not any(hasattr(made, f"_raw{name}") for name in _SAVED):
        return ""
    return str(made.name()).removesuffix("0").removesuffix("Backward")
