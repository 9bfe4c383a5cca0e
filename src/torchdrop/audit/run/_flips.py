"""Modes that a call changes, and layers put in that are in another mode than their model."""

from __future__ import annotations

import weakref
from typing import Any

from torch import nn
from torch.optim import Optimizer

from ...sites import is_dropout
from ._call import Call
from ._draws import is_geometric, is_sampled
from ._layers import fixed_parts, listed, rate
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
        """Note the modes of all dropout, in a few calls."""
        self._before = None
        if call.backward or self._subject.has("DRP408"):
            return
        if not call.grad and not call.training:
            self._quiet += 1
            if is_geometric(self._quiet):
                self._look_for_new()
        elif call.grad and is_sampled(self._subject.steps):
            sites = self._subject.layers.sites
            self._before = {site.module: site.module.training for site in sites}

    def after(self, call: Call, output: Any) -> None:
        """Compare, if the forward went well."""
        before, self._before = self._before, None
        if before is None or output is None:
            return
        changed = [
            site.name
            for site in self._subject.layers.sites
            if before.get(site.module) is not site.module.training and rate(site)
        ]
        if changed:
            fixed = fixed_parts(self._subject.model)
            sites = self._subject.layers.sites
            fixed_names = {site.name for site in sites if site.module in fixed}
            changed = [name for name in changed if name not in fixed_names]
        if changed:
            self._subject.report(
                "DRP408",
                f"a forward changed the mode of its own dropout: {listed(changed)}.",
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


def _rate(part: nn.Module) -> object:
    return getattr(part, "p", True)
