"""Which expression a call gives for a parameter."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from ._file import Callee


@dataclass(frozen=True, slots=True)
class Argument:
    """What a call says about one parameter.

    Attributes:
        value: The expression; `None` where it is not given, or cannot be seen.
        is_hidden: Whether it may be inside `*args` or `**kwargs`.
    """

    value: ast.expr | None = None
    is_hidden: bool = False

    @property
    def is_missing(self) -> bool:
        """Whether the call certainly leaves the parameter at its default."""
        return self.value is None and not self.is_hidden


def argument(
    call: ast.Call, name: str, position: int | None, callee: Callee | None = None
) -> Argument:
    """Find the argument for a parameter.

    Args:
        call: The call.
        name: The parameter's name.
        position: Its place among positional parameters, from 0; `None` if it is keyword-only.
        callee: What was bound before by `functools.partial`.

    Returns:
        What the call says.
    """
    keywords = [*call.keywords, *(callee.keywords if callee else ())]
    for keyword in keywords:
        if keyword.arg == name:
            return Argument(keyword.value)
    hidden = any(keyword.arg is None for keyword in keywords)
    if position is None:
        return Argument(is_hidden=hidden)
    args = [*(callee.args if callee else ()), *call.args]
    for i, value in enumerate(args[: position + 1]):
        if isinstance(value, ast.Starred):
            return Argument(is_hidden=True)
        if i == position:
            return Argument(value)
    return Argument(is_hidden=hidden)
