"""Find out how to make the same dropout at another rate."""

from __future__ import annotations

import inspect
from typing import Any

from torch import Tensor, nn

from ._patient import Build, Subject

_NAMES = ("p", "rate", "ratio", "prob", "p_drop", "drop_p", "drop_prob", "drop_rate", "dropout")
_STARRED = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def builder(subject: Subject, p: float) -> Build | None:
    """Read a module's settings off its attributes, as far as they are named like its arguments.

    Args:
        subject: A module or a function.
        p: Its rate.

    Returns:
        A function of the rate; `None` for functions, where an argument that must be given is no
        attribute, and where no argument or several could be the rate.

    Example:
        >>> from torch import nn
        >>> build = builder(nn.Dropout(0.1, inplace=True), 0.1)
        >>> build(0.7)
        Dropout(p=0.7, inplace=True)
    """
    if not isinstance(subject, nn.Module):
        return None
    kind, settings = type(subject), dict[str, Any]()
    for name, parameter in inspect.signature(kind).parameters.items():
        if hasattr(subject, name):
            settings[name] = getattr(subject, name)
        elif parameter.default is parameter.empty and parameter.kind not in _STARRED:
            return None
    rates = [name for name in _NAMES if name in settings and _is_rate(settings[name], p)]
    if len(rates) != 1:
        return None
    return lambda rate: kind(**{**settings, rates[0]: rate})


def _is_rate(value: object, p: float) -> bool:
    """A learned rate is a tensor of one element."""
    if isinstance(value, Tensor):
        return value.numel() == 1 and abs(value.item() - p) < 1e-6
    return value == p
