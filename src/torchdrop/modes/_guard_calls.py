"""The functional dropout that a forward calls, seen in single forwards of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from threading import get_ident

from torch import nn
from torch.overrides import _get_current_function_mode_stack
from torch.utils.hooks import RemovableHandle

from ..sites import DropoutCall, DropoutCalls, Site, is_dropout
from ._guard_hooks import after_call

Seen = Callable[[Sequence[DropoutCall]], None]


class Observation:
    """Sees the functional dropout in the forward that is about to run, once.

    Args:
        model: Whose modules are named.
        root: The module whose forward it is.
        seen: Told of the calls when the forward has returned or failed.
    """

    def __init__(self, model: nn.Module, root: nn.Module, seen: Seen) -> None:
        self._calls = DropoutCalls(model)
        self._seen = seen
        self._thread = get_ident()
        self._handle: RemovableHandle = after_call(root, self._end)
        self._calls.__enter__()  # type: ignore[no-untyped-call]

    def _end(self) -> None:
        if get_ident() != self._thread:
            return  # another thread's forward, which ended first
        self._handle.remove()
        self._calls.__exit__(None, None, None)  # type: ignore[no-untyped-call]
        self._seen([call for call in self._calls.calls if _is_functional(call)])


def call_sites(calls: Sequence[DropoutCall], known: Sequence[nn.Module]) -> list[Site]:
    """Make sites of functional calls whose rate is above 0.

    Args:
        calls: What a forward called.
        known: Modules that are watched already.

    Returns:
        One for each module whose forward makes such calls.
    """
    old = {id(module) for module in known}
    found: dict[int, Site] = {}
    for call in calls:
        if call.module is None or call.name is None or call.p == 0 or id(call.module) in old:
            continue
        found.setdefault(id(call.module), _site(call, call.module, call.name))
    return list(found.values())


def calls_are_answered() -> bool:
    """Whether the code is in a block such as `sampling` or `disabled`, which decides what drops."""
    modes = _get_current_function_mode_stack()  # type: ignore[no-untyped-call]
    return any(isinstance(mode, DropoutCalls) and mode.answer is not None for mode in modes)


def _site(call: DropoutCall, module: nn.Module, name: str) -> Site:
    return Site(
        name=name,
        kind="call",
        what=call.what,
        p=call.p,
        follows_training=None,
        place=call.place,
        module=module,
    )


def _is_functional(call: DropoutCall) -> bool:
    return call.module is not None and not is_dropout(call.module)
