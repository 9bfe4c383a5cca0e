"""Whether code depends on the mode: expressions tied to `self.training`, and guards."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Literal, TypeAlias

from ._file import SourceFile
from ._nodes import walk

Tie: TypeAlias = Literal["tied", "true", "false", "unknown"]

_FLAGS = ("training", "is_training", "train", "is_train", "train_mode", "deterministic", "mode")
_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)


def tie_of(file: SourceFile, expression: ast.expr) -> Tie:
    """Say how an expression depends on the mode.

    Args:
        file: Where it is.
        expression: Such as `self.training`, `True`, or `p if self.training else 0.0`.

    Returns:
        `tied` if some part of it reads a mode; `true` or `false` for a constant; else `unknown`:
        a parameter, a result of a call, an attribute.
    """
    value = file.value_of(expression)
    if isinstance(value, ast.Constant):
        return "true" if value.value else "false"
    return "tied" if mentions_mode(file, expression) else "unknown"


def mentions_mode(file: SourceFile, expression: ast.AST, depth: int = 4) -> bool:
    """Whether some part of an expression reads a mode, also through local variables.

    Args:
        file: Where it is.
        expression: Any.
        depth: Variables to follow, one after the other.

    Returns:
        The verdict. A parameter counts if its name says that it is a mode.
    """
    return any(_reads_mode(file, node, depth) for node in walk(expression))


def _reads_mode(file: SourceFile, node: ast.AST, depth: int) -> bool:
    if isinstance(node, ast.Attribute):
        return node.attr in ("training", "is_training")
    if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load):
        return False
    for binding in file.bindings(node):
        if binding.kind == "parameter" and node.id in _FLAGS:
            return True
        followed = binding.value if binding.kind == "value" and depth else None
        if followed is None:
            continue
        if mentions_mode(file, followed, depth - 1) or guarded(file, binding.node, depth - 1):
            return True
    return False


def guarded(file: SourceFile, node: ast.AST, depth: int = 4) -> bool:
    """Whether a node runs, or not, by a test of the mode.

    Args:
        file: Where it is.
        node: Any.
        depth: Variables in a test to follow, one after the other.

    Returns:
        Whether an `if`, a conditional expression, an `and` or an early return around or before it,
        in the same function, tests a mode. Which way round is not asked: its author has thought
        of it.
    """
    child: ast.AST = node
    for above in file.ancestors(node):
        if any(mentions_mode(file, test, depth) for test in _tests(above, child)):
            return True
        if isinstance(above, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)):
            return False
        child = above
    return False


def _tests(above: ast.AST, child: ast.AST) -> Iterator[ast.expr]:
    """Tests that decide whether a child of `above` runs."""
    if isinstance(above, (ast.If, ast.IfExp, ast.While)) and child is not above.test:
        yield above.test
    elif isinstance(above, ast.BoolOp):
        yield from above.values[: above.values.index(child)]  # type: ignore[arg-type]
    for body in (getattr(above, field, None) for field in ("body", "orelse", "finalbody")):
        if isinstance(body, list) and child in body:
            for before in body[: body.index(child)]:
                leaves = isinstance(before, ast.If) and isinstance(before.body[-1], _LEAVES)
                if leaves or isinstance(before, ast.Assert):
                    yield before.test
