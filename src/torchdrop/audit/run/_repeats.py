"""Masks that repeat from step to step: somebody seeds inside the loop."""

from __future__ import annotations

from typing import Any

from torch.optim import Optimizer

from ._call import Call
from ._draws import is_sampled, is_seeded_inside
from ._scene import Scene, look
from ._subject import Subject

_IN_A_ROW = 3


class Repeats:
    """Compares the random state before the first training forward of steps in a row.

    One state is one set of masks. Only steps are compared: within one, forwards repeat in
    checkpoints and closures by intent.

    Args:
        subject: The model.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._states: list[int] = []
        self._first: Call | None = None
        self._drew = False
        self._scene: Scene | None = None

    def before(self, call: Call) -> None:
        """Read the random state before the first training forward of a step."""
        subject = self._subject
        wanted = call.grad and call.training and not call.backward and self._first is None
        if wanted and is_sampled(subject.steps):
            self._first = call
            self._scene = look()
            call.state = subject.draws.state()

    def after(self, call: Call, output: Any) -> None:
        """See whether the forward drew anything."""
        if call is self._first:
            subject = self._subject
            self._drew = (
                subject.drops()
                and subject.draws.state() != call.state
                and not is_seeded_inside(subject.root)
            )

    def step(self, optimizer: Optimizer) -> None:
        """Compare with the steps before."""
        first, self._first = self._first, None
        if first is None or first.state is None or not self._drew:
            self._states.clear()
            return
        self._states = [*self._states[1 - _IN_A_ROW :], first.state]
        if len(self._states) == _IN_A_ROW and len(set(self._states)) == 1:
            names = self._subject.layers.on()
            self._subject.report(
                "DRP403",
                f"torch's random state was the same before {_IN_A_ROW} training steps in a row, so "
                "each dropped the same units.",
                modules=names,
                scene=self._scene,
            )
