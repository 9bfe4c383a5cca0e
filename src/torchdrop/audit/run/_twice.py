"""The same input twice: samples without spread, and views that do not differ."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from ._call import Call, fingerprint, same
from ._layers import listed
from ._mode_log import ModeLog
from ._quiet import SAMPLES
from ._scene import Scene, look
from ._subject import Subject

_MANY = 10
_KEPT = 8


class Samples:
    """Sees forwards without gradients on one input that give the same output.

    A warning where somebody has put dropout layers alone into training mode, as one does to draw
    samples: then three equal outputs are no samples. Advice where nothing is on at all, from ten
    on: it may be a benchmark.

    Args:
        subject: The model.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._last: Call | None = None
        self._repeats = 0
        self._print: Tensor | None = None
        self._equal = 0

    def before(self, call: Call) -> None:
        """Count how often in a row this input came."""
        if call.grad or call.training or call.backward:
            self._last = None
            return
        if self._last is not None and call.same_inputs(self._last):
            self._repeats += 1
        else:
            self._repeats, self._equal, self._print = 1, 0, None
        self._last = call

    def after(self, call: Call, output: Any) -> None:
        """Compare with the output before, from the second on."""
        if call is not self._last or self._repeats < 2:
            return
        new, old = fingerprint(output), self._print
        self._print = new
        self._equal = self._equal + 1 if same(new, old) else 1
        if self._equal >= SAMPLES:
            self._judge()

    def step(self, optimizer: Optimizer) -> None:
        """Forget: the weights have changed."""
        self._last = None

    def _judge(self) -> None:
        layers = self._subject.layers
        by_hand = [s for s in layers.sites if s.module.training]
        if by_hand:
            self._subject.report(
                "DRP406",
                f"{SAMPLES} samples in a row of one input are equal, though the model was put "
                f"into evaluation mode with dropout on in {listed([s.name for s in by_hand])}.",
                modules=[s.name for s in by_hand],
            )
        elif self._equal >= _MANY and layers.off():
            self._subject.report(
                "DRP406",
                f"{_MANY} forwards in a row of one input gave the same, as all dropout is off: "
                f"{listed(layers.off())}.",
                modules=layers.off(),
                severity="advice",
            )


@dataclass(slots=True)
class _Seen:
    call: Call
    print: Tensor | None
    scene: Scene


class Views:
    """Sees training on two views of one input that are equal, as all dropout is asleep.

    Two roles of one model are told from two views by the modes: if somebody has put the model into
    training mode and then into evaluation mode within the step, a teacher's `eval()` has hit the
    student. If any forward with gradients was in training mode, the step learned from that, and the
    others may be an attack on the model.

    Args:
        subject: The model.
        modes: Where its mode was set.
    """

    def __init__(self, subject: Subject, modes: ModeLog) -> None:
        self._subject = subject
        self._modes = modes
        self._seen: list[_Seen] = []
        self._found: tuple[_Seen, _Seen] | None = None
        self._awake = False

    def after(self, call: Call, output: Any) -> None:
        """Look for an equal view among the calls since the last step."""
        subject = self._subject
        self._awake = self._awake or (call.grad and call.training)
        off_topic = call.training or call.backward or subject.closure is not None or output is None
        if off_topic or self._found or len(self._seen) >= _KEPT:
            return
        if not call.grad and not self._modes.was_switched(subject.root):
            return
        if subject.layers.on() or not subject.layers.off():
            return
        new = _Seen(call, fingerprint(output), look())
        for old in self._seen:
            if call.grad and call.same_inputs(old.call) and same(new.print, old.print):
                self._found = old, new
        self._seen.append(new)

    def step(self, optimizer: Optimizer) -> None:
        """Report views on which the model has just learned."""
        found, self._found = self._found, None
        awake, self._awake = self._awake, False
        self._seen.clear()
        if found is None or awake:
            return
        old, new = found
        asleep = self._subject.layers.off()
        if self._modes.was_switched(self._subject.root):
            self._subject.report(
                "DRP213",
                "train() and then eval() were called on it within one step, so both roles of the "
                f"model ran in evaluation mode; asleep are {listed(asleep)}.",
                modules=asleep,
                scene=self._modes.last_eval(self._subject.root) or new.scene,
            )
        elif old.call.grad:
            self._subject.report(
                "DRP214",
                "two forwards of one input with gradients gave the same in one step, as dropout "
                f"is asleep in {listed(asleep)}.",
                modules=asleep,
                scene=new.scene,
            )
