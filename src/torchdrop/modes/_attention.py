"""Modules whose own mode decides what attention drops."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from inspect import unwrap
from types import CodeType, FunctionType
from typing import Any

from torch import nn

from ..sites import is_dropout


def decides_on_attention(module: nn.Module) -> bool:
    """Whether a module's code calls fused attention and asks for its own mode.

    So it does to write `dropout_p=self.drop.p if self.training else 0.0`: in evaluation mode
    nothing of that rate arrives, and the layer that keeps it is never called.

    Args:
        module: Any module.

    Returns:
        The verdict, from the names that the methods of its class mention.
    """
    kind: Any = type(module)
    return _mentions(kind) >= {"scaled_dot_product_attention", "training"}


def hands_rate_on(module: nn.Module) -> bool:
    """Whether a module's code reads the rate of a dropout layer of its own and asks for its mode.

    So it does to hand `self.drop.p if self.training else 0.0` to a function that it was given, as
    the attention modules of Hugging Face do.

    Args:
        module: Any module.

    Returns:
        The verdict, from the names that the methods of its class mention.
    """
    layers = [name for name, child in module.named_children() if is_dropout(child)]
    if not layers:
        return False
    kind: Any = type(module)
    mentioned = _mentions(kind)
    return mentioned >= {"p", "training"} and not mentioned.isdisjoint(layers)


@lru_cache(maxsize=1024)
def _mentions(kind: type[Any]) -> frozenset[str]:
    names: set[str] = set()
    for base in kind.__mro__[: kind.__mro__.index(nn.Module)]:
        for value in vars(base).values():
            function = unwrap(value) if callable(value) else value
            if isinstance(function, FunctionType):
                names.update(_names(function.__code__))
    return frozenset(names)


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
