"""Follows one model through a run: a guard for its modes, and monitors for the rest."""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, Protocol

import torch
from torch import nn
from torch.nn.parallel import DataParallel, DistributedDataParallel
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from ...modes import Guard
from ...sites import find_sites
from ._call import Call, begin
from ._calls import Calls
from ._causes import report_cause
from ._closures import Closures
from ._draws import Draws
from ._flips import Flips
from ._hooks import RootHook
from ._journal import Journal
from ._layers import Layers
from ._mode_log import ModeLog
from ._quiet import Handed, Quiet
from ._ranks import Group, Ranks
from ._recompute import Recompute
from ._repeats import Repeats
from ._schedules import Schedules
from ._subject import Subject
from ._twice import Samples, Views
from ._vmap import explain, explains


class Sees(Protocol):
    """What looks at every call of one model, before and after."""

    def before(self, call: Call) -> None:
        """Take in that the model is about to run."""

    def after(self, call: Call, output: Any) -> None:
        """Take in what it gave; `None` if it failed."""


class _Here(threading.local):
    """The calls under way in each thread, the innermost last."""

    def __init__(self) -> None:
        self.open: list[Call] = []


class Follower:
    """Hooks a model, and hands its calls and steps to what watches it.

    Args:
        root: The module that the loop calls.
        allow: Patterns of names that are not watched; those that fit nothing here are left out
            unless `strict`.
        phase: As of `Guard`.
        journal: Takes findings.
        modes: Where modes were set.
        handed: What models of this watch gave to each other.
        ranks: Whether masks are compared across ranks, or in which group.
        strict: Whether the user gave this model: then it is his, whoever trains it.
    """

    def __init__(
        self,
        root: nn.Module,
        allow: Sequence[str],
        phase: int,
        journal: Journal,
        modes: ModeLog,
        handed: Handed,
        ranks: bool | Group,
        *,
        strict: bool,
    ) -> None:
        self._strict = strict
        self._modes = modes
        self._handed = handed
        self.subject = subject_of(root, allow, journal)
        fitting = allow if strict else _fitting(self.subject.model, allow)
        self.guard = Guard(root, allow=fitting, on_find="collect", phase=phase)
        if self.subject.opaque:
            name = type(self.subject.model).__name__
            journal.note(f"Calls inside compiled or replicated parts of {name} are not seen.")
        self._told = 0
        self._watch_with(allow, ranks)
        self._here = _Here()
        self._quiet = Quiet()
        self._optimizers: weakref.WeakKeyDictionary[Optimizer, tuple[int, bool]] = (
            weakref.WeakKeyDictionary()
        )
        self._handles: list[RemovableHandle] = []
        self._hook()

    def _watch_with(self, allow: Sequence[str], ranks: bool | Group) -> None:
        subject = self.subject
        calls, repeats, closures = Calls(subject, allow), Repeats(subject), Closures(subject)
        flips, samples, views = Flips(subject), Samples(subject), Views(subject, self._modes)
        self._recompute, self._schedules = Recompute(subject), Schedules(subject)
        first: list[Sees] = [calls, repeats, closures, flips, samples]
        if ranks:
            first.append(Ranks(subject, None if ranks is True else ranks))
        self._before = [one.before for one in first]
        self._before += [self._recompute.before, self._schedules.before]
        self._after = [*(one.after for one in first), views.after]
        steps = (repeats, closures, flips, samples, views, self._recompute)
        self._step = [one.step for one in steps]

    @property
    def is_running(self) -> bool:
        """Whether a forward of the model is under way."""
        return bool(self._here.open)

    def _hook(self) -> None:
        root = self.subject.root
        hook = RootHook(root, self.before, self.after)
        self._handles = [
            root.register_forward_pre_hook(hook, with_kwargs=True),
            root.register_forward_hook(hook, with_kwargs=True, always_call=True),
        ]

    def before(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> None:
        """Take in that the model is about to run.

        Args:
            args: Of the call.
            kwargs: Of the call.
        """
        call = begin(args, kwargs, training=self.subject.model.training)
        self._here.open.append(call)
        if call.grad:
            self.poll()
        self._quiet.note(call)
        self._handed.take(self._quiet, call)
        for before in self._before:
            before(call)

    def after(self, output: Any) -> None:
        """Take in what it gave.

        Args:
            output: `None` if it failed.
        """
        if output is None:
            error = sys.exc_info()[1]
            if error is not None and explains(error):
                explain(self.subject, error)
        if not self._here.open:
            return
        call = self._here.open.pop()
        for after in self._after:
            after(call, output)
        if call.training and not call.grad:
            self._handed.give(self._quiet, output)
        if not self._quiet.may_go_on:
            self.poll()

    def begin_step(self, optimizer: Optimizer, *, closure: bool) -> None:
        """Take in that an optimizer is about to step.

        Args:
            optimizer: Any.
            closure: Whether it was given one.
        """
        self.subject.closure = optimizer if closure and self.owns(optimizer) else None

    def end_step(self, optimizer: Optimizer) -> None:
        """Take in that an optimizer has stepped.

        Args:
            optimizer: Any.
        """
        if self.owns(optimizer):
            for step in self._step:
                step(optimizer)
            self.subject.steps += 1
            self.subject.closure = None
        self.poll()

    def owns(self, optimizer: Optimizer) -> bool:
        """Whether an optimizer changes weights of the model.

        Args:
            optimizer: Any.

        Returns:
            The verdict.
        """
        groups = len(optimizer.param_groups)
        known = self._optimizers.get(optimizer)
        if known is None or known[0] != groups:
            ours = {id(parameter) for parameter in self.subject.root.parameters()}
            own = any(id(p) in ours for group in optimizer.param_groups for p in group["params"])
            known = self._optimizers[optimizer] = groups, own
        return known[1]

    def poll(self, *, at_end: bool = False, trained: bool = True) -> None:
        """Report what the guard has found since.

        A model that the user did not name and that nobody trains may be a teacher or a target
        network, which drops by intent: it is reported at the end, if nothing was trained at all.

        Args:
            at_end: Whether the watch ends.
            trained: Whether any optimizer has stepped while it lasted.
        """
        if not (self._strict or self.subject.steps or (at_end and not trained)):
            return
        findings = self.guard.findings
        while self._told < len(findings):
            self._told += 1
            report_cause(self.subject, findings[self._told - 1], self._modes, self._quiet)

    def close(self, *, trained: bool, quietly: bool) -> None:
        """Remove all hooks, and report what is still open.

        Args:
            trained: Whether any optimizer has stepped.
            quietly: Whether the run ended by an error, or goes on with a larger model.
        """
        for handle in self._handles:
            handle.remove()
        self._recompute.release()
        if quietly:
            self.guard.__exit__(RuntimeError, RuntimeError(), None)
            return
        self.guard.close()
        self._schedules.look()
        self.poll(at_end=True, trained=trained)


def subject_of(root: nn.Module, allow: Sequence[str], journal: Journal) -> Subject:
    """Look at a model before it runs.

    Args:
        root: What the loop calls.
        allow: Patterns of names that are not watched.
        journal: Takes findings.

    Returns:
        What is known of it.
    """
    model = unwrapped(root)
    return Subject(root, model, journal, Layers(model, allow), Draws(root), is_opaque(root))


def unwrapped(model: nn.Module) -> nn.Module:
    """Take off what `torch.compile` and data-parallel training wrap around a model.

    Args:
        model: Any module.

    Returns:
        The one whose names the user knows.
    """
    while True:
        inner = model._modules.get("_orig_mod")
        if isinstance(model, (DataParallel, DistributedDataParallel)):
            model = model.module
        elif isinstance(inner, nn.Module):
            model = inner
        else:
            return model


def is_opaque(model: nn.Module) -> bool:
    """Whether calls inside a model go unseen: in compiled parts, replicas and TorchScript.

    Args:
        model: Any module.

    Returns:
        The verdict.
    """
    return is_compiled(model) or any(
        isinstance(module, (DataParallel, torch.jit.ScriptModule)) for module in model.modules()
    )


def is_compiled(model: nn.Module) -> bool:
    """Whether torch has compiled a model or a part of it.

    Args:
        model: Any module.

    Returns:
        The verdict.
    """
    return any(
        "_orig_mod" in module._modules or getattr(module, "_compiled_call_impl", None) is not None
        for module in model.modules()
    )


def _fitting(model: nn.Module, allow: Sequence[str]) -> tuple[str, ...]:
    names = [name for name, _ in model.named_modules()]
    names += [site.name for site in find_sites(model)]
    return tuple(p for p in allow if any(fnmatchcase(name, p) for name in names))
