"""Functions of torch that drop, and where among their arguments the rate and the flag are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument by position and by name."""

    index: int
    name: str
    default: Any = None

    def read(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Give the argument's value in a call."""
        if len(args) > self.index:
            return args[self.index]
        return kwargs.get(self.name, self.default)

    def write(self, value: Any, args: list[Any], kwargs: dict[str, Any]) -> None:
        """Put another value in its place."""
        if len(args) > self.index:
            args[self.index] = value
        else:
            kwargs[self.name] = value


@dataclass(frozen=True, slots=True)
class Signature:
    """What a function that drops is called, and its arguments for the rate and the flag."""

    what: str
    p: Argument
    training: Argument | None
    layers: Argument | None = None


def signature(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> Signature | None:
    """Look up where a call keeps its rate.

    Args:
        function: As a torch function mode gets it.
        args: Of the call.
        kwargs: Of the call.

    Returns:
        `None` if the function drops nothing, whatever its arguments.
    """
    found = _SIGNATURES.get(function)
    if found is not None and found.layers is not None and _is_packed(args, kwargs):
        return _recurrent(found.what.rstrip("()"), packed=True)
    return found


def _is_packed(args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Packed sequences come as data and sizes: then the weights are the fourth argument."""
    return "batch_sizes" in kwargs or (len(args) > 3 and not isinstance(args[3], bool))


def _recurrent(name: str, *, packed: bool = False) -> Signature:
    start = 5 if packed else 4
    return Signature(
        f"{name}()",
        Argument(start + 1, "dropout", 0.0),
        Argument(start + 2, "train", False),
        Argument(start, "num_layers", 1),
    )


def _plain(name: str, default: bool) -> Signature:
    return Signature(f"{name}()", Argument(1, "p", 0.5), Argument(2, "training", default))


def _attention(name: str) -> Signature:
    return Signature(f"{name}()", Argument(4, "dropout_p", 0.0), None)


def _operations(name: str) -> Iterator[Any]:
    """Give the forms in which an operation of torch is called: function and dispatcher's."""
    if hasattr(torch, name):
        yield getattr(torch, name)
    packet = getattr(torch.ops.aten, name)
    yield packet
    for overload in packet.overloads():
        yield getattr(packet, overload)


def _table() -> Iterator[tuple[Any, Signature]]:
    for name in ("dropout", "dropout1d", "dropout2d", "dropout3d"):
        yield getattr(F, name), _plain(name, True)
    for name in ("alpha_dropout", "feature_alpha_dropout"):
        # Torch's own defaults differ.
        yield getattr(F, name), _plain(name, False)
    for name in ("dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"):
        for form in (name, f"{name}_"):
            builtin = Signature(f"{form}()", Argument(1, "p", 0.5), Argument(2, "train", True))
            yield from ((operation, builtin) for operation in _operations(form))
    native = Signature("native_dropout()", Argument(1, "p", 0.5), Argument(2, "train", True))
    yield from ((operation, native) for operation in _operations("native_dropout"))
    attention = "scaled_dot_product_attention"
    for operation in (getattr(F, attention), *_operations(attention)):
        yield operation, _attention(attention)
    yield (
        F.multi_head_attention_forward,
        Signature(
            "multi_head_attention_forward()",
            Argument(10, "dropout_p", 0.0),
            Argument(13, "training", True),
        ),
    )
    for name in ("lstm", "gru", "rnn_tanh", "rnn_relu"):
        yield getattr(torch, name), _recurrent(name)


_SIGNATURES: dict[Any, Signature] = dict(_table())
