"""Functional dropout, seen in two forwards of a model: one that trains and one that evaluates."""

from __future__ import annotations

import linecache
import re
from collections.abc import Sequence
from contextlib import ExitStack
from fnmatch import fnmatchcase
from typing import Any

from torch.overrides import _get_current_function_mode_stack

from ...sites import DropoutCall, DropoutCalls, is_dropout
from ._call import Call
from ._scene import parse
from ._subject import Subject

_ATTENTION = ("scaled_dot_product_attention()", "multi_head_attention_forward()")
_MEANT = re.compile(r"always[- ]on|intentional|on purpose|by intent", re.I)


class Calls:
    """Reads the functions that drop off the first forward of either kind.

    What drops in evaluation mode is a mistake whatever it was meant for; but a `training=True` on
    the line itself is advice only, and a comment that says it is meant is heeded.

    Args:
        subject: The model.
        allow: Patterns of names of modules that may always drop.
    """

    def __init__(self, subject: Subject, allow: Sequence[str]) -> None:
        self._subject = subject
        self._allow = allow
        self._left = set() if subject.opaque else {True, False}
        self._seen: DropoutCalls | None = None
        self._call: Call | None = None
        self._stack = ExitStack()

    def before(self, call: Call) -> None:
        """Begin to look, if this is the first forward of its kind."""
        trains = call.grad and call.training
        evaluates = not call.grad and not call.training
        wanted = (trains or evaluates) and trains in self._left and not call.backward
        if wanted and self._call is None and not _is_answered():
            self._left.discard(trains)
            self._seen, self._call = DropoutCalls(self._subject.model), call
            self._stack.enter_context(self._seen)

    def after(self, call: Call, output: Any) -> None:
        """Judge what was called."""
        seen = self._seen
        if seen is None or call is not self._call:
            return  # another thread's, or one inside
        self._seen = self._call = None
        self._stack.close()
        active = [c for c in seen.calls if c.active and c.module and not is_dropout(c.module)]
        if call.grad:
            self._subject.calls_drop = bool(active)
            return
        for one in active:
            if one.module is not None and not one.module.training and not self._may(one):
                self._report(one)

    def _may(self, call: DropoutCall) -> bool:
        name = call.name or ""
        return any(fnmatchcase(name, pattern) for pattern in self._allow)

    def _report(self, call: DropoutCall) -> None:
        scene, name = parse(call.place), call.name or "the model itself"
        text = linecache.getline(scene.file, scene.line) if scene else ""
        if _MEANT.search(text):
            return
        rule = _rule_of(call, text)
        self._subject.report(
            rule,
            f"{call.what} drops with p = {call.p} though {name} is in evaluation mode.",
            modules=(call.name or "",),
            scene=scene,
        )


def _rule_of(call: DropoutCall, text: str) -> str:
    if re.search(r"training\s*=\s*True", text):
        return "DRP103"
    if call.what in _ATTENTION:
        return "DRP106"
    if re.fullmatch(r"(feature_)?dropout[123]?d?_?\(\)", call.what):
        return "DRP101"
    return "DRP401"


def _is_answered() -> bool:
    """Whether a block such as `sampling` decides at the moment what drops."""
    modes: list[object] = _get_current_function_mode_stack()  # type: ignore[no-untyped-call]
    return any(isinstance(mode, DropoutCalls) and mode.answer is not None for mode in modes)
