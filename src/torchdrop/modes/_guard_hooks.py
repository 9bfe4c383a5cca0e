"""The hooks by which a guard sees a run, none of which keeps a guard alive or goes into copies."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils.hooks import RemovableHandle
from typing_extensions import Self

Forward = Callable[[], None]
Step = Callable[[Optimizer], None]


class Ignore:
    """Does nothing: what a hook becomes in a pickle of the model."""

    def __call__(self, *_: Any) -> None:
        """Do nothing."""


class CallHook:
    """Says that one module is called; silent in copies of it and while it is being compiled.

    Args:
        module: The one to watch.
        seen: Called before its forward, or after it.
    """

    __slots__ = ("_module", "_seen")

    def __init__(self, module: nn.Module, seen: Forward) -> None:
        self._module = module
        self._seen = seen

    def __call__(self, module: nn.Module, *_: Any) -> None:
        if module is self._module and not torch.compiler.is_compiling():
            self._seen()

    def __deepcopy__(self, _: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> tuple[type[Ignore], tuple[()]]:
        return Ignore, ()


def on_call(module: nn.Module, seen: Forward) -> RemovableHandle:
    """Call `seen` before each forward of `module`, and of no copy of it.

    Args:
        module: The one to watch.
        seen: What to call.

    Returns:
        What removes it.
    """
    return module.register_forward_pre_hook(CallHook(module, seen))


def after_call(module: nn.Module, seen: Forward) -> RemovableHandle:
    """Call `seen` after each forward of `module`, also of one that fails.

    Args:
        module: The one to watch.
        seen: What to call.

    Returns:
        What removes it.
    """
    return module.register_forward_hook(CallHook(module, seen), always_call=True)


def on_first_call(module: nn.Module, seen: Forward) -> RemovableHandle:
    """Call `seen` before the next forward of `module`, and leave nothing behind.

    Args:
        module: The one to watch.
        seen: What to call.

    Returns:
        What removes it before that.
    """

    def once() -> None:
        handle.remove()
        seen()

    handle = on_call(module, once)
    return handle


def on_step(seen: Step) -> RemovableHandle:
    """Call a method after each step of every optimizer of the process.

    Args:
        seen: A bound method, whose object may be collected meanwhile.

    Returns:
        What removes it.
    """
    method = weakref.WeakMethod(seen)

    def hook(optimizer: Optimizer, _: Any, __: Any) -> None:
        alive = method()
        if alive is not None:
            alive(optimizer)

    return register_optimizer_step_post_hook(hook)
