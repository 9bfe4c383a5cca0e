"""Layers that drop what goes into them or comes out of them, and are otherwise what they were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from torch import nn

from ._layers import describe


class _Dropped(nn.Module):
    """What both kinds share: they come from a layer's class, and are pickled by it."""

    _kind: type[nn.Module]

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        return _anew, (_way_of(self), self._kind), self.__dict__


class DroppedInput(_Dropped):
    """A layer whose first argument is dropped by the dropout layer it holds, `input_dropout`."""

    input_dropout: nn.Module

    def forward(self, input: Any, *args: Any, **kwargs: Any) -> Any:
        """Drop, then do what the layer's own class does."""
        return super().forward(self.input_dropout(input), *args, **kwargs)


class DroppedOutput(_Dropped):
    """A layer whose result is dropped by the dropout layer it holds, `output_dropout`."""

    output_dropout: nn.Module

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Do what the layer's own class does, then drop."""
        return self.output_dropout(super().forward(*args, **kwargs))


def drop_input_(layer: nn.Module, dropout: nn.Module) -> None:
    """Let `layer` drop its first argument from now on.

    The object stays, and so do its parameters, hooks and `state_dict` keys, for a dropout has none.
    It gets a class of its own, built on the one it had, so that `isinstance` holds still.

    Args:
        layer: Any layer but one that drops already, in this way.
        dropout: Becomes part of `layer`, and takes its mode.
    """
    _give(layer, DroppedInput, "input_dropout", dropout)


def drop_output_(layer: nn.Module, dropout: nn.Module) -> None:
    """Let `layer` drop its result from now on; as `drop_input_`."""
    _give(layer, DroppedOutput, "output_dropout", dropout)


def describe_input(layer: nn.Module, dropout: nn.Module) -> str:
    """Show in one line what `drop_input_` would make."""
    return f"{describe(dropout)}, then {describe(layer)}"


def describe_output(layer: nn.Module, dropout: nn.Module) -> str:
    """Show in one line what `drop_output_` would make."""
    return f"{describe(layer)}, then {describe(dropout)}"


def _give(layer: nn.Module, way: type[_Dropped], name: str, dropout: nn.Module) -> None:
    layer.__class__ = _class(way, type(layer))
    layer.register_module(name, dropout.train(layer.training))


def _class(way: type[_Dropped], kind: type[nn.Module]) -> type[nn.Module]:
    """Build the class once. Nothing finds it by its name: `__reduce_ex__` comes here again."""
    if (way, kind) not in _CLASSES:
        described = {"_kind": kind, "__doc__": way.__doc__, "__module__": kind.__module__}
        _CLASSES[way, kind] = type(f"{way.__name__}{kind.__name__}", (way, kind), described)
    return _CLASSES[way, kind]


_CLASSES: dict[tuple[type[nn.Module], type[nn.Module]], type[nn.Module]] = {}


def _way_of(layer: _Dropped) -> type[_Dropped]:
    return DroppedInput if isinstance(layer, DroppedInput) else DroppedOutput


def _anew(way: type[_Dropped], kind: type[nn.Module]) -> nn.Module:
    make: Callable[..., nn.Module] = nn.Module.__new__
    return make(_class(way, kind))
