"""Watch a running training for dropout that is on where it should be off, or the reverse."""

from __future__ import annotations

import warnings
import weakref
from collections.abc import Sequence
from dataclasses import replace
from types import TracebackType
from typing import Literal

import torch
from torch import nn
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle
from typing_extensions import Self

from ..errors import ModeError, SettingError
from ..sites import DropoutCall
from ._block import check_model
from ._guard_calls import Observation, call_sites
from ._guard_causes import never_called
from ._guard_events import Events
from ._guard_finding import Cause, ModeFinding, say
from ._guard_hooks import on_call, on_first_call, on_step
from ._guard_scene import Scene, look
from ._guard_sites import Watched, group, watched_in
from ._guard_wrappers import called, hides_calls, named

OnFind = Literal["warn", "raise", "collect"]


class ModeWarning(UserWarning):
    """A guard found dropout on where it should be off, or the reverse."""


class Guard:
    """Watches a model while it trains, and says once per cause what is wrong with its modes.

    It finds
    - validation in training mode: forwards without gradients while dropout is on;
    - training in evaluation mode: a step of an optimizer after forwards in which no dropout was on;
    - modes that changed inside an epoch: a part that fell asleep while others train, or a fixed
      part that `model.train()` woke;
    - dropout that was never on in `phase` steps, and layers that were never called;
    - dropout that was on under `torch.inference_mode()` or in a module in evaluation mode.

    A fixed backbone in evaluation mode, Monte Carlo samples with only dropout on, a second model,
    gradient accumulation, checkpoints and copies of the model are no causes. It looks at modes and
    changes nothing. It watches through hooks until `close`, or as a context manager; the dropout
    that is there when it is made, and that the first forwards call.

    Args:
        model: The module that the loop calls: the model, or what `torch.compile` or
            `DistributedDataParallel` made of it.
        allow: Names of modules that are not watched, as patterns of a shell: `("prenet.*",)` for
            dropout that is always on by intent.
        on_find: What to do with a new cause: `warn` with a `ModeWarning` at the user's line,
            `raise` a `ModeError`, or only `collect`.
        phase: Steps after which dropout that was never on or never called is reported; the end is
            the latest.

    Raises:
        ModelError: If `model` is no module.
        SettingError: If a pattern fits no module, or another setting is out of range.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
        >>> with Guard(model, on_find="collect") as guard, torch.no_grad():
        ...     for _ in range(2):
        ...         _ = model(torch.ones(1, 4))
        >>> [(finding.cause, finding.modules) for finding in guard.findings]
        [('validation-in-training-mode', ('1',))]
    """

    def __init__(
        self,
        model: nn.Module,
        *,
        allow: Sequence[str] = (),
        on_find: OnFind = "warn",
        phase: int = 100,
    ) -> None:
        check_model(model)
        _check_settings(allow, on_find, phase)
        self._root = called(model)
        self._model = named(model)
        self._allow = tuple(allow)
        self._on_find = on_find
        self._phase = phase
        self._found: dict[Cause, ModeFinding] = {}
        self._callers: set[str] = set()
        self._optimizers: weakref.WeakKeyDictionary[Optimizer, tuple[int, bool]] = (
            weakref.WeakKeyDictionary()
        )
        self._events = Events(self._model, watched_in(self._model, allow), self._report)
        self._hook()

    def _hook(self) -> None:
        self._opaque = hides_calls(self._root)
        self._unobserved = set() if self._opaque else {True, False}
        self._uncalled: dict[int, tuple[Watched, RemovableHandle]] = {}
        self._handles = [on_call(self._root, self._on_forward), on_step(self._on_step)]
        if not self._opaque:
            for watched in self._events.watched:
                if watched.is_called():
                    self._await_call(watched)
        self._end = weakref.finalize(self, _remove, self._handles)

    @property
    def findings(self) -> tuple[ModeFinding, ...]:
        """All causes found so far, in the order of their first occurrence."""
        return tuple(self._found.values())

    def epoch(self) -> None:
        """Mark that an epoch begins: modes may differ from those of the epoch before."""
        self._events.settle_before_training()
        self._events.epoch()

    def step(self) -> None:
        """Count a training step that no `torch.optim.Optimizer` took, such as one of your own."""
        self._events.step()
        if self._events.steps == 1 and not self._events.forwards_seen:
            self._watch_parts()
        if self._events.steps == self._phase:
            self._end_phase()

    def close(self) -> None:
        """Report what is still open, and remove all hooks. Closing twice is once."""
        if not self._end.alive:
            return
        self._release()
        self._events.settle()
        if 0 < self._events.steps < self._phase:
            self._end_phase()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._release()
        self.close()

    def __repr__(self) -> str:
        causes = ", ".join(f"{f.cause} x{f.count}" for f in self.findings) or "nothing found"
        sites = len(self._events.watched)
        unseen = "; calls inside compiled or replicated parts are not seen" if self._opaque else ""
        return f"Guard({sites} modules, {self._events.steps} steps: {causes}{unseen})"

    def _release(self) -> None:
        self._end()
        for _, handle in self._uncalled.values():
            handle.remove()

    def _await_call(self, watched: Watched) -> None:
        key = id(watched)

        def called() -> None:
            self._uncalled.pop(key, None)

        self._uncalled[key] = watched, on_first_call(watched.module, called)

    def _on_forward(self) -> None:
        self._events.forward()
        if self._unobserved and torch.is_grad_enabled() in self._unobserved:
            self._observe(training=torch.is_grad_enabled())

    def _on_step(self, optimizer: Optimizer) -> None:
        if self._owns(optimizer):
            self.step()
        else:
            self._events.others_step()

    def _owns(self, optimizer: Optimizer) -> bool:
        groups = len(optimizer.param_groups)
        known = self._optimizers.get(optimizer)
        if known is None or known[0] != groups:
            ours = {id(parameter) for parameter in self._root.parameters()}
            own = any(id(p) in ours for group in optimizer.param_groups for p in group["params"])
            known = self._optimizers[optimizer] = groups, own
        return known[1]

    def _watch_parts(self) -> None:
        """The loop calls parts of the model, not the model: watch it where they pass."""
        self._handles += [
            on_call(watched.module, self._on_forward)
            for watched in self._events.watched
            if watched.module is not self._root
        ]
        self._unobserved = set()

    def _observe(self, *, training: bool) -> None:
        self._unobserved.discard(training)

        def seen(calls: Sequence[DropoutCall]) -> None:
            self._callers.update(call.name for call in calls if call.name is not None)
            self._watch_calls(calls)
            if not training:
                self._report_always_on(calls)

        Observation(self._model, self._root, seen)

    def _watch_calls(self, calls: Sequence[DropoutCall]) -> None:
        old = self._events.watched
        sites = call_sites(calls, [watched.module for watched in old])
        if sites:
            self._events.watch([*old, *group(sites, self._model, self._allow)])
            self._events.forward()

    def _report_always_on(self, calls: Sequence[DropoutCall]) -> None:
        watched = {id(w.module) for w in self._events.watched}
        names = [
            call.name
            for call in calls
            if call.active
            and call.module is not None
            and call.name is not None
            and not call.module.training
            and id(call.module) in watched
        ]
        if names:
            self._report("active-in-evaluation", tuple(dict.fromkeys(names)))

    def _end_phase(self) -> None:
        if not self._events.forwards_seen:
            self._report("nothing-seen", (), count=self._events.steps)
            return
        if "training-in-evaluation-mode" not in self._found and self._events.report_never_on():
            return
        uncalled = [watched for watched, _ in self._uncalled.values()]
        missed = never_called(
            self._events.watched, self._events.ever, uncalled, tuple(self._callers)
        )
        if missed:
            self._report("never-reached", missed, count=self._events.steps)

    def _report(
        self, cause: Cause, modules: Sequence[str], *, count: int = 1, scene: Scene | None = None
    ) -> None:
        if cause in self._found:
            known = self._found[cause]
            self._found[cause] = replace(known, count=known.count + count)
            return
        scene = scene or look()
        steps = self._events.steps
        sentence = say(cause, modules, steps, scene.owner)
        self._found[cause] = ModeFinding(cause, sentence, tuple(modules), count, steps, scene.place)
        if self._on_find == "raise":
            raise ModeError(f"{scene.place}: {sentence}")
        if self._on_find == "warn":
            warnings.warn_explicit(sentence, ModeWarning, scene.file, scene.line)


def _remove(handles: list[RemovableHandle]) -> None:
    for handle in handles:
        handle.remove()


def _check_settings(allow: Sequence[str], on_find: str, phase: int) -> None:
    if isinstance(allow, str):
        raise SettingError(
            f"allow holds patterns of names, such as ('prenet.*',); got the string {allow!r}."
        )
    if on_find not in {"warn", "raise", "collect"}:
        raise SettingError(f"on_find is 'warn', 'raise' or 'collect'; got {on_find!r}.")
    if isinstance(phase, bool) or not isinstance(phase, int) or phase < 1:
        raise SettingError(f"phase is a number of training steps, at least 1; got {phase!r}.")
