"""The activations that can be run in one pass with dropout, by name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

from torch import Tensor
from torch.nn import functional as F

from ..errors import SettingError

Activation = Literal["relu", "leaky_relu", "gelu", "gelu_tanh", "silu"]

_FORMULAS: dict[Activation, Callable[[Tensor, float], Tensor]] = {
    "relu": lambda x, _: F.relu(x),
    "leaky_relu": F.leaky_relu,
    "gelu": lambda x, _: F.gelu(x),
    "gelu_tanh": lambda x, _: F.gelu(x, approximate="tanh"),
    "silu": lambda x, _: F.silu(x),
}


def activate(x: Tensor, activation: Activation, negative_slope: float) -> Tensor:
    """Apply a named activation to each element.

    Args:
        x: Floating point, any shape.
        activation: `relu`, `leaky_relu`, `gelu` (exact, with erf), `gelu_tanh` or `silu`.
        negative_slope: What `leaky_relu` multiplies negative elements by; others ignore it.

    Returns:
        A new tensor with the shape, dtype and device of `x`.
    """
    return _FORMULAS[activation](x, negative_slope)


def check_activation(activation: str) -> None:
    """Refuse a name that is not in the table.

    Args:
        activation: The name to check.

    Raises:
        SettingError: If it is not the name of an activation that dropout can be fused with.
    """
    if activation not in _FORMULAS:
        raise SettingError(
            f"activation is one of {', '.join(get_args(Activation))}; got {activation!r}. For "
            "another one, apply it yourself and use dropout on the result."
        )
