"""Expressions whose value source alone can tell."""

from __future__ import annotations

import ast
import operator

from ._file import SourceFile

_OPERATIONS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def constant_of(file: SourceFile, expression: ast.expr) -> bool | int | float | None:
    """Say which boolean or number an expression is.

    Args:
        file: Where it is.
        expression: Such as `0.5`, `-1`, `1 - 0.2`, or a name that is assigned once.

    Returns:
        Its value; `None` if it is not one, or cannot be told.
    """
    value = file.value_of(expression)
    if isinstance(value, ast.Constant):
        return value.value if isinstance(value.value, (bool, int, float)) else None
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
        inner = constant_of(file, value.operand)
        return None if inner is None else -inner
    if isinstance(value, ast.BinOp) and type(value.op) in _OPERATIONS:
        left, right = constant_of(file, value.left), constant_of(file, value.right)
        if left is None or right is None or (isinstance(value.op, ast.Div) and not right):
            return None
        return float(_OPERATIONS[type(value.op)](left, right))
    return None
