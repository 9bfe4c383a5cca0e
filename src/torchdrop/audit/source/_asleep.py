"""Which models learn in evaluation mode, and how they came to it."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from ._events import Flow, Forward, Update
from ._file import SourceFile
from ._learning import backward_of, step_of
from ._purpose import is_meant, owned_by_framework, words
from ._state import Setting

_EVALUATIONS = {"eval", "evaluate", "evaluation", "val", "validate", "validation", "valid", "test"}
_EVALUATIONS |= {"score", "check", "predict", "inference", "infer", "accuracy", "sample"}

_ENDS = {"last", "final", "done", "finished", "stop", "end", "converged"}


@dataclass(frozen=True, slots=True)
class Asleep:
    """A model that learns in evaluation mode.

    Attributes:
        forward: The run that it learns from.
        setting: Who put it to sleep.
        kind: `left` if an evaluation has not woken it up, `set` if it sleeps from the beginning.
        is_certain: Whether it was awake at first, and nothing can have woken it between; for `set`,
            whether nothing in the function ever wakes it.
    """

    forward: Forward
    setting: Setting
    kind: Literal["left", "set"]
    is_certain: bool

    @property
    def is_shared(self) -> bool:
        """Whether it was put to sleep by another name, given by a plain assignment."""
        return self.setting.is_alias and self.setting.name != self.forward.name


def asleep(flow: Flow) -> Iterator[Asleep]:
    """Find models that learn in evaluation mode in a function.

    Args:
        flow: The function.

    Yields:
        Each call that put one to sleep, once. Nothing where a part of the model was woken by
        itself, a comment says that it is meant, or it is not clear that this model learns.
    """
    seen: set[ast.AST | None] = set()
    for forward in flow.forwards:
        step = step_of(flow, forward) if forward.learns else None
        if step is None or not _learns_surely(flow, forward, step):
            continue
        if owned_by_framework(flow.file, forward.node) or _is_partly_awake(forward):
            continue
        for one in _judge(flow, forward, _modes(flow, forward)):
            node = one.setting.node
            if node is not None and node not in seen and not is_meant(flow.file, node):
                seen.add(node)
                yield one


def _modes(flow: Flow, forward: Forward) -> set[Setting]:
    """Modes that are possible where backward runs at all."""
    backward = backward_of(flow, forward)
    against = {(text, not came) for text, came in backward.when} if backward else set()
    return {setting for setting in forward.modes if not setting.when & against}


def _learns_surely(flow: Flow, forward: Forward, step: Update) -> bool:
    return step.owned is not None or {x.key for x in flow.forwards if x.learns} == {forward.key}


def _is_partly_awake(forward: Forward) -> bool:
    return any(setting.mode != "eval" for setting in forward.parts)


def _judge(flow: Flow, forward: Forward, modes: set[Setting]) -> Iterator[Asleep]:
    kinds = {setting.mode for setting in modes}
    if "unknown" in kinds:
        return
    sleeping = sorted((s for s in modes if s.mode == "eval"), key=_line)
    straight = [s for s in sleeping if s.carried is None]
    if kinds <= {"eval", "pretrained"}:
        for setting in straight or [s for s in modes if s.mode == "pretrained"]:
            yield from _from_the_beginning(flow, forward, setting)
    elif "pretrained" not in kinds:
        for setting in sleeping:
            if setting.carried is not None and not _is_last_turn(flow.file, setting):
                certain = bool(kinds & {"train", "fresh"}) and not _may_wake(flow, forward, setting)
                yield Asleep(forward, setting, "left", certain)


def _from_the_beginning(flow: Flow, forward: Forward, setting: Setting) -> Iterator[Asleep]:
    if setting.via and not words(setting.via) & _EVALUATIONS:
        return  # a function that sets the model up: it may be meant
    between = [
        x
        for x in flow.forwards
        if x.key == forward.key
        and not x.learns
        and _line(setting) < x.node.lineno
        and x.node.lineno < forward.node.lineno
    ]
    awake = any(
        s.mode in ("train", "fresh")
        for x in flow.switches
        if x.node is setting.node
        for s in x.before
    )
    if setting.via or between:
        yield Asleep(forward, setting, "left", awake)
    else:
        woken = any(x.key == forward.key and x.mode == "train" for x in flow.switches)
        yield Asleep(forward, setting, "set", not woken)


def _is_last_turn(file: SourceFile, setting: Setting) -> bool:
    """Whether a test says that no further turn of the loop follows, as `epoch == epochs - 1`."""
    for above in file.ancestors(setting.node) if setting.node is not None else ():
        if above is setting.carried:
            return False
        if isinstance(above, ast.If):
            text = ast.unparse(above.test)
            ends = isinstance(above.test, ast.Compare) and isinstance(above.test.ops[0], ast.Eq)
            if words(text) & _ENDS or (ends and "- 1" in text):
                return True
    return False


def _may_wake(flow: Flow, forward: Forward, setting: Setting) -> bool:
    """Whether the model is switched to training somewhere in the loop, if not on all ways."""
    first = getattr(setting.carried, "lineno", 0)
    last = getattr(setting.carried, "end_lineno", 0) or 0
    return any(
        x.key == forward.key and x.mode != "eval" and first <= getattr(x.node, "lineno", 0) <= last
        for x in flow.switches
    )


def _line(setting: Setting) -> int:
    return getattr(setting.node, "lineno", 0)
