"""The form that all modes have: a block of code, and a decorator."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, ContextDecorator
from types import TracebackType
from typing import Any, Generic, TypeVar

from torch import nn

from ..errors import ModelError, SettingError

T = TypeVar("T")
F = TypeVar("F", bound=Callable[..., Any])


class Block(ContextDecorator, Generic[T]):
    """A block of code that can be entered any number of times, one within the other too.

    Each entry makes a context of its own, in the thread that enters; so one `Block` also serves
    as a decorator, of recursive functions and in several threads.

    Args:
        make: Makes the context of one entry.
    """

    def __init__(self, make: Callable[[], AbstractContextManager[T]]) -> None:
        self._make = make
        self._thread = threading.local()

    def __enter__(self) -> T:
        context = self._make()
        value = context.__enter__()
        self._entered().append(context)
        return value

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return self._entered().pop().__exit__(kind, error, trace)

    def __call__(self, function: F) -> F:
        """Decorate a function: every call of it runs inside the block.

        Args:
            function: No generator and no coroutine, whose body runs after the call has returned.

        Returns:
            The function, inside the block.

        Raises:
            SettingError: If the function is a generator or a coroutine.
        """
        if (
            inspect.isgeneratorfunction(function)
            or inspect.iscoroutinefunction(function)
            or inspect.isasyncgenfunction(function)
        ):
            raise SettingError(
                "A mode decorates functions that are done when they return; got "
                f"{function.__name__}, a generator or coroutine. Write `with` inside it."
            )
        return super().__call__(function)

    def _entered(self) -> list[AbstractContextManager[T]]:
        if not hasattr(self._thread, "stack"):
            self._thread.stack = []
        stack: list[AbstractContextManager[T]] = self._thread.stack
        return stack


def check_model(model: object) -> None:
    """Raise unless `model` is a module.

    Args:
        model: What a user gave as a model.

    Raises:
        ModelError: If it is none.
    """
    if not isinstance(model, nn.Module):
        raise ModelError(f"A model is an instance of torch.nn.Module; got {type(model).__name__}.")
