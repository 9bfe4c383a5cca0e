"""Optimizers that compare losses, while dropout makes each of them another function."""

from __future__ import annotations

from typing import Any

import torch
from torch.optim import Optimizer

from ._call import Call
from ._draws import is_seeded_inside
from ._subject import Subject


class Closures:
    """Sees a closure that an optimizer calls several times in one step, with other masks each.

    A warning for `torch.optim.LBFGS`, which takes the differences of gradients for curvature;
    advice for others, as some want other masks.

    Args:
        subject: The model.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._states: set[int] = set()

    def before(self, call: Call) -> None:
        """Read the random state, if a closure is running."""
        inside = self._subject.closure is not None and not self._subject.has("DRP407")
        if inside and call.grad and not call.backward and call.state is None:
            call.state = self._subject.draws.state()

    def after(self, call: Call, output: Any) -> None:
        """Keep the state if masks were drawn from it."""
        subject = self._subject
        if subject.closure is None or call.state is None or not subject.drops():
            return
        if subject.draws.state() != call.state and not is_seeded_inside(subject.root):
            self._states.add(call.state)

    def step(self, optimizer: Optimizer) -> None:
        """Report a closure that saw several sets of masks."""
        count = len(self._states)
        self._states.clear()
        if count < 2 or self._subject.closure is None:
            return
        names = self._subject.layers.on()
        certain = isinstance(optimizer, torch.optim.LBFGS)
        self._subject.report(
            "DRP407",
            f"{type(optimizer).__name__} called its closure {count} times in one step, each time "
            "with other masks.",
            modules=names,
            severity=None if certain else "advice",
        )
