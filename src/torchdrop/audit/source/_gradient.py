"""Whether gradients are recorded at a place."""

from __future__ import annotations

import ast

from ._events import Gradient
from ._file import SourceFile

_OFF = ("torch.no_grad", "torch.inference_mode", "torch.autograd.no_grad")
_ON = ("torch.enable_grad", "torch.autograd.enable_grad")
_SET = ("torch.set_grad_enabled", "torch.autograd.set_grad_enabled")


def gradient_of(file: SourceFile, node: ast.AST) -> Gradient:
    """Say whether gradients are recorded where a node runs.

    Args:
        file: Where it is.
        node: Any.

    Returns:
        By the nearest context or decorator around it in its function; `on` if there is none, and
        `unknown` if it depends on a variable.
    """
    for above in file.ancestors(node):
        if isinstance(above, (ast.With, ast.AsyncWith)):
            for item in reversed(above.items):
                found = _said(file, item.context_expr)
                if found is not None:
                    return found
        elif isinstance(above, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return decorated_gradient(file, above) or "on"
        elif isinstance(above, ast.Lambda):
            return "unknown"
    return "on"


def decorated_gradient(file: SourceFile, function: ast.AST) -> Gradient | None:
    """What a function's decorators say; `None` if nothing."""
    for decorator in getattr(function, "decorator_list", []):
        found = _said(file, decorator)
        if found is not None:
            return found
    return None


def _said(file: SourceFile, expression: ast.expr) -> Gradient | None:
    called = isinstance(expression, ast.Call)
    name = file.qualified(expression.func if called else expression)  # type: ignore[attr-defined]
    if name in _OFF:
        given = expression.args if isinstance(expression, ast.Call) else []
        if given and isinstance(given[0], ast.Constant) and given[0].value is False:
            return "on"
        return "unknown" if given and not isinstance(given[0], ast.Constant) else "off"
    if name in _ON:
        return "on"
    if name in _SET and isinstance(expression, ast.Call) and expression.args:
        value = expression.args[0]
        if isinstance(value, ast.Constant):
            return "on" if value.value else "off"
        return "unknown"
    return None
