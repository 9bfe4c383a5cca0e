"""Modes that a call changes, and layers put in that are in another mode than their model."""

from __future__ import annotations

import weakref
from typing import Any

from torch import nn
from torch.optim import Optimizer

from ...sites import is_dropout
from ._call import Call
from ._draws import is_geometric, is_sampled
from ._layers import listed
from ._subject import Subject


class Flips:
    """Compares modes before and after single forwards, and looks for new layers.

    Args:
        subject: The model.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._known = weakref.WeakSet(subject.model.modules())
        self._before: dict[nn.Module, bool] | None = None
        self._quiet = 0

    def before(self, call: Call) -> None:
        """Note the modes of all parts, in a few calls."""
        self._before = None
        if call.backward or self._subject.has("DRP408"):
            return
        if not call.grad and not call.training:
            self._quiet += 1
            if is_geometric(self._quiet):
                self._look_for_new()
        elif call.grad and is_sampled(self._subject.steps):
            self._before = {part: part.training for part in self._subject.model.modules()}

    def after(self, call: Call, output: Any) -> None:
        """Compare, if the forward went well."""
        before, self._before = self._before, None
        if before is None or output is None:
            return
        changed = [
            name
            for name, part in self._subject.model.named_modules()
            if part in before and before[part] != part.training and _matters(part)
        ]
        if changed:
            self._subject.report(
                "DRP408",
                f"a forward changed the mode of its own parts: {listed(changed)}.",
                modules=changed,
            )

    def step(self, optimizer: Optimizer) -> None:
        """Look again after training."""
        self._quiet = 0

    def _look_for_new(self) -> None:
        new = {
            name: part
            for name, part in self._subject.model.named_modules()
            if part not in self._known
        }
        self._known.update(new.values())
        on = [n for n, part in new.items() if part.training and is_dropout(part) and _rate(part)]
        if on:
            self._subject.report(
                "DRP408",
                "layers were put into it while it was in evaluation mode, and they drop: "
                f"{listed(on)}.",
                modules=on,
                fix="Call eval() on the model after the call that has put them in.",
            )


def _matters(part: nn.Module) -> bool:
    """Whether a mode means anything: dropout that is on, or a part that learns."""
    learns = any(parameter.requires_grad for parameter in part.parameters())
    return learns or (is_dropout(part) and bool(_rate(part)))


def _rate(part: nn.Module) -> object:
    return getattr(part, "p", True)
