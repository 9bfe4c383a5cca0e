"""The run as a guard sees it: forwards and steps in order, and what they add up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import nn

from ._guard_calls import calls_are_answered
from ._guard_causes import active, changed, fixed_parts, forgotten, is_awake, never_on
from ._guard_finding import Cause
from ._guard_scene import Scene, look
from ._guard_sites import Flags, Watched, is_sampling


class Report(Protocol):
    """What is told of a cause: the modules, how often, and where it was."""

    def __call__(
        self, cause: Cause, modules: Sequence[str], *, count: int = 1, scene: Scene | None = None
    ) -> None: ...


@dataclass(slots=True)
class _Suspicion:
    """Forwards without gradients in training mode, which the next event explains or confirms."""

    modules: tuple[str, ...]
    scene: Scene
    count: int = 1


class Events:
    """Takes forwards and steps in, and reports what is wrong with them.

    In a run where all is well, a forward costs the reading of each watched module's mode, and a
    step one comparison.

    Args:
        model: Without the wrappers of data-parallel training.
        watched: What is watched in it.
        report: Told of every cause.

    Attributes:
        steps: Optimizer steps of the model so far.
        forwards_seen: Whether there was any forward.
        ever: Whether each watched module was in training mode in any training step.
    """

    steps: int
    forwards_seen: bool
    ever: Flags

    def __init__(self, model: nn.Module, watched: Sequence[Watched], report: Report) -> None:
        self.steps = 0
        self.forwards_seen = False
        self._model = model
        self._report = report
        self.watch(watched)

    def watch(self, watched: Sequence[Watched]) -> None:
        """Watch these modules from now on; what was known of others' modes is forgotten."""
        self.watched = tuple(watched)
        self._modes = [vars(w.module) for w in watched]
        self.ever = [False] * len(watched)
        self._seen: list[Flags] = []
        self._usual: list[Flags] | None = None
        self._asleep: tuple[str, ...] = ()
        self._suspicion: _Suspicion | None = None
        self._fixed: dict[int, nn.Module] = {}
        self.epoch()

    def epoch(self) -> None:
        """Begin an epoch: the modes at its next step are what is right in it."""
        self._first: Flags | None = None
        self._usual = None

    def forward(self) -> None:
        """Take in that the model is about to run."""
        flags = [mode["training"] for mode in self._modes]
        self.forwards_seen = True
        if torch.is_grad_enabled():
            if self._suspicion is not None:
                self.settle_before_training()
            if flags not in self._seen:
                self._note(flags)
        elif any(flags):
            self._suspect(flags)

    def step(self) -> None:
        """Take in that an optimizer has changed the model."""
        try:
            if self._suspicion is not None:
                self.settle()
            if self._seen and self._seen != self._usual:
                self._judge()
        finally:
            self._seen = []
            self.steps += 1

    def others_step(self) -> None:
        """Take in that an optimizer has changed another model: its input may have come from ours.

        So a forward without gradients in training mode was no validation: a generator's, of which
        the discriminator learns.
        """
        self._suspicion = None

    def settle(self) -> None:
        """Report forwards without gradients in training mode: nothing else explains them."""
        suspicion, self._suspicion = self._suspicion, None
        if suspicion is not None:
            self._report(
                "validation-in-training-mode",
                suspicion.modules,
                count=suspicion.count,
                scene=suspicion.scene,
            )

    def settle_before_training(self) -> None:
        """One such forward before all training only finds out shapes, or fills lazy layers."""
        alone = self._suspicion is not None and self._suspicion.count == 1
        if self.steps == 0 and alone:
            self._suspicion = None
        else:
            self.settle()

    def report_never_on(self) -> bool:
        """Report if no watched module dropped in any step so far."""
        names = never_on(self.watched, self.ever) if self.forwards_seen else ()
        if names:
            self._report("never-active", names, count=self.steps)
        return bool(names)

    def _note(self, flags: Flags) -> None:
        self._seen.append(flags)
        if self._usual is None or flags not in self._usual:
            self._asleep = () if is_awake(self.watched, flags) else forgotten(self.watched)

    def _judge(self) -> None:
        """Look at forwards since the last step with modes other than usual."""
        awake = [flags for flags in self._seen if is_awake(self.watched, flags)]
        if not awake:
            if self._asleep:
                self._report("training-in-evaluation-mode", self._asleep)
            return
        self.ever = [any(flags) for flags in zip(self.ever, *awake, strict=True)]
        if self._first is None:
            self._first = awake[0]
        wrong = {
            name: None
            for flags in awake
            for name in changed(self.watched, flags, self._first, self._fixed)
        }
        if wrong:
            self._report("mode-changed", tuple(wrong))
            return
        self._fixed.update(fixed_parts(self.watched, awake[0]))
        self._usual = self._seen

    def _suspect(self, flags: Flags) -> None:
        modules = active(self.watched, flags)
        if not modules or calls_are_answered() or is_sampling(self._model, self.watched):
            return
        scene = look()
        if scene.intended:
            return
        if torch.is_inference_mode_enabled():
            self._report("active-in-evaluation", modules, scene=scene)
        elif self._suspicion is None:
            self._suspicion = _Suspicion(modules, scene)
        else:
            self._suspicion.count += 1
            self.settle()
