"""Who called `train` and `eval`: seen at `torch.nn.Module.train` itself."""

from __future__ import annotations

import threading
import weakref
from collections import deque
from collections.abc import Callable
from functools import wraps
from typing import Any

from torch import nn

from ._scene import Scene, look

Listener = Callable[[nn.Module, bool], None]

_KEPT = 64


class ModeLog:
    """Remembers the last calls of `train` and `eval`, and where they were.

    `Module.train` is replaced while any log is open; it does what it did.

    Args:
        on_set: Told of every module whose mode is set.
    """

    def __init__(self, on_set: Listener | None = None) -> None:
        self._on_set = on_set
        self._events: deque[tuple[weakref.ref[nn.Module], bool, Scene]] = deque(maxlen=_KEPT)
        self._since_step: list[tuple[int, bool]] = []
        _listeners.append(self._note)
        if len(_listeners) == 1:
            nn.Module.train = _told  # type: ignore[method-assign]

    def close(self) -> None:
        """Stop listening; the last log to close puts `Module.train` back."""
        if self._note in _listeners:
            _listeners.remove(self._note)
            if not _listeners:
                nn.Module.train = _train  # type: ignore[method-assign]

    def step(self) -> None:
        """Take in that an optimizer has stepped."""
        self._since_step.clear()

    def was_switched(self, module: nn.Module) -> bool:
        """Whether the module itself was put into training and then evaluation mode since a step."""
        modes = [mode for key, mode in self._since_step if key == id(module)]
        return True in modes and False in modes[modes.index(True) :]

    def last_eval(self, module: nn.Module) -> Scene | None:
        """Find where the module, or one that holds it, was last put into evaluation mode.

        Args:
            module: The one asked about.

        Returns:
            `None` if that was not seen, or if it was put into training mode since.
        """
        for reference, mode, scene in reversed(self._events):
            one = reference()
            if one is not None and any(part is module for part in one.modules()):
                return None if mode else scene
        return None

    def was_set(self, module: nn.Module, *, within: nn.Module) -> bool:
        """Whether a part was last put into evaluation mode by a call on a part, not on the whole.

        Args:
            module: The part asked about.
            within: The model that it is in.

        Returns:
            False if nothing is known of it.
        """
        for reference, mode, _ in reversed(self._events):
            one = reference()
            if one is not None and any(part is module for part in one.modules()):
                return not mode and all(part is not within for part in one.modules())
        return False

    def _note(self, module: nn.Module, mode: bool) -> None:
        self._events.append((weakref.ref(module), mode, look()))
        if len(self._since_step) < _KEPT:
            self._since_step.append((id(module), mode))
        if self._on_set is not None:
            self._on_set(module, mode)


_listeners: list[Listener] = []
_here = threading.local()
_train: Any = nn.Module.train


@wraps(_train)
def _told(self: nn.Module, mode: bool = True) -> Any:
    """Tell of the outermost call, as `train` calls itself for each part."""
    if getattr(_here, "inside", False):
        return _train(self, mode)
    _here.inside = True
    try:
        for listener in tuple(_listeners):
            listener(self, mode)
        return _train(self, mode)
    finally:
        _here.inside = False
