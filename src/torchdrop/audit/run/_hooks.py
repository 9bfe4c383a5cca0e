"""Hooks on modules that are not felt in copies, and do not go into pickles."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import nn
from typing_extensions import Self

from ._call import in_transform, is_tracing

Before = Callable[[tuple[Any, ...], Mapping[str, Any]], None]
After = Callable[[Any], None]
Part = Callable[[str, nn.Module], None]


class Nothing:
    """Does nothing: what a hook becomes in a pickle of the model."""

    def __call__(self, *_: Any) -> None:
        """Do nothing."""


class _Hook:
    def __init__(self, module: nn.Module) -> None:
        self._module = module

    def __deepcopy__(self, _: dict[int, Any]) -> Self:
        return self

    def __reduce__(self) -> tuple[type[Nothing], tuple[()]]:
        return Nothing, ()


class RootHook(_Hook):
    """Stands before and after the forward of one module, with its arguments.

    Args:
        module: The one to watch.
        before: Told of the arguments.
        after: Told of what it gave; of `None` if it failed.
    """

    def __init__(self, module: nn.Module, before: Before, after: After) -> None:
        super().__init__(module)
        self._before = before
        self._after = after

    def __call__(
        self, module: nn.Module, args: tuple[Any, ...], kwargs: Mapping[str, Any], *output: Any
    ) -> None:
        """Take the call of torch, before the forward or with its output after it."""
        if module is not self._module or torch.compiler.is_compiling() or is_tracing():
            return
        if output:
            self._after(output[0])
        elif not in_transform():
            self._before(args, kwargs)


class PartHook(_Hook):
    """Stands before and after the forward of a part, without its arguments.

    Args:
        module: The one to watch.
        name: Its qualified name.
        before: Told of it before.
        after: Told of it after.
    """

    def __init__(self, module: nn.Module, name: str, before: Part, after: Part) -> None:
        super().__init__(module)
        self._name = name
        self._before = before
        self._after = after

    def __call__(self, module: nn.Module, args: Any, *output: Any) -> None:
        """Take the call of torch, before the forward or with its output after it."""
        if module is self._module:
            (self._after if output else self._before)(self._name, module)
