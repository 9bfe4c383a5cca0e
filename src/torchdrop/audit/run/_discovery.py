"""Finds the models that a program calls, without having been given them."""

from __future__ import annotations

import sys
import warnings
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import torch
from torch import nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from ._call import in_backward
from ._follower import is_compiled

Adopt = Callable[[nn.Module, "tuple[Any, ...] | None"], None]

_LIBRARIES = ("torch.", "torchdrop.")
_QUIET_STEPS = 8
_QUIET_CALLS = 512
_COMPILED = "Using `torch.compile\\(module\\)` when there are global hooks"


class Discovery:
    """Watches the calls of all modules until no new model turns up.

    A hook on every module costs each call of each layer, so it is there only in the beginning, and
    again when an optimizer steps that was not seen before, or somebody sets the mode of a module
    that is not known. It never comes back once a compiled model was found: a hook on all modules
    would make torch compile it again. Other models are then taken from the variables of the
    functions that are running.

    Args:
        adopt: Given a model at its first call, with the arguments; or before, with `None`.
        busy: Whether a model that is known is running.
    """

    def __init__(self, adopt: Adopt, busy: Callable[[], bool]) -> None:
        self._adopt = adopt
        self._busy = busy
        self._known: weakref.WeakSet[nn.Module] = weakref.WeakSet()
        self._optimizers: weakref.WeakSet[Optimizer] = weakref.WeakSet()
        self._handle: RemovableHandle | None = None
        self._quiet_steps = self._quiet_calls = 0
        self._compiled = self._ended = self._paused = False
        self._filter: Any = None
        self.open()

    @property
    def is_open(self) -> bool:
        """Whether the hook on all modules is there."""
        return self._handle is not None

    def open(self) -> None:
        """Begin to look for models, or go on."""
        self._quiet_steps = self._quiet_calls = 0
        if self._handle is None and not self._compiled and not self._ended:
            # The hook goes before a compiled model compiles; torch warns of it even so.
            warnings.filterwarnings("ignore", message=_COMPILED)
            self._filter = warnings.filters[0]
            self._handle = register_module_forward_pre_hook(self._on_call)

    def close(self) -> None:
        """Stop looking, until `open`."""
        if self._handle is not None:
            self._handle.remove()
            self._handle = None
            if self._filter in warnings.filters:
                warnings.filters.remove(self._filter)  # type: ignore[attr-defined]

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Meet nobody inside the block.

        Yields:
            Nothing.
        """
        self._paused = True
        try:
            yield
        finally:
            self._paused = False

    def end(self) -> None:
        """Stop looking for good."""
        self._ended = True
        self.close()

    def know(self, model: nn.Module) -> None:
        """Take a model and its parts for known.

        Args:
            model: Any module.
        """
        self._known.update(model.modules())

    def on_step(self, optimizer: Optimizer) -> None:
        """Take in that an optimizer has stepped.

        Args:
            optimizer: Any.
        """
        if optimizer not in self._optimizers:
            self._optimizers.add(optimizer)
            self.open()
        elif self._handle is not None:
            self._quiet_steps += 1
            if self._quiet_steps >= _QUIET_STEPS:
                self.close()

    def on_mode(self, module: nn.Module, mode: bool) -> None:
        """Take in that a mode was set.

        Args:
            module: Whose.
            mode: Which.
        """
        if self._handle is None and module not in self._known:
            self.open()

    def _on_call(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        if torch.compiler.is_compiling() or self._ended or self._paused:
            return
        if module in self._known:
            self._quiet_calls += 1
            if self._quiet_calls >= _QUIET_CALLS and not self._optimizers:
                self.close()
            return
        if self._busy() or in_backward():
            self._known.add(module)
        else:
            self._meet(module, args)

    def _meet_others(self, frame: FrameType | None) -> None:
        """Adopt what lies beside a compiled model, as it will not be seen when it is called."""
        while frame is not None:
            ours = str(frame.f_globals.get("__name__", "")).startswith(_LIBRARIES)
            for value in () if ours else tuple(frame.f_locals.values()):
                if _is_model(value) and value not in self._known:
                    self.know(value)
                    self._adopt(value, None)
            frame = frame.f_back

    def _meet(self, module: nn.Module, args: tuple[Any, ...]) -> None:
        self._quiet_steps = self._quiet_calls = 0
        self.know(module)
        if is_compiled(module):
            self._compiled = True
            self.close()
            self._meet_others(sys._getframe())
        if _is_model(module):
            self._adopt(module, args)


def _is_model(value: object) -> bool:
    """Whether something is a module with parameters that takes hooks, as TorchScript does not."""
    if not isinstance(value, nn.Module) or isinstance(value, torch.jit.ScriptModule):
        return False
    return next(value.parameters(), None) is not None
