"""Loops that a function is called in, and what else runs in their rounds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import TypeAlias

from ._callers import references
from ._classes import attribute_of_self, class_of
from ._file import Function, SourceFile
from ._nodes import walk

Loop: TypeAlias = ast.For | ast.AsyncFor | ast.While

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEPTH = 6


def loop_around(file: SourceFile, node: ast.AST) -> Loop | None:
    """The innermost loop around a node, within its own function."""
    for above in file.ancestors(node):
        if isinstance(above, (*_FUNCTIONS, ast.Lambda)):
            return None
        if isinstance(above, (ast.For, ast.AsyncFor, ast.While)):
            return above
    return None


def is_conditional(file: SourceFile, node: ast.AST) -> bool:
    """Whether a test decides, within the node's own function or loop, that it runs."""
    for above in file.ancestors(node):
        if isinstance(above, (*_FUNCTIONS, ast.Lambda, ast.For, ast.AsyncFor, ast.While)):
            return False
        if isinstance(above, (ast.If, ast.IfExp, ast.Try, ast.Match)):
            return True
    return False


def rounds(
    file: SourceFile, function: Function, depth: int = _DEPTH
) -> Iterator[tuple[Loop, list[ast.expr]]]:
    """Loops of the same file in whose every round a function is called.

    Args:
        file: Where it is.
        function: Any.
        depth: Callers to follow, one after the other.

    Yields:
        The innermost loop around a call, and the names in the calls on the way, the outer first.
    """
    for named in references(file, function):
        above = file.parent(named)
        if not (isinstance(above, ast.Call) and above.func is named) or is_conditional(file, named):
            continue
        loop, caller = loop_around(file, named), file.function_of(named)
        if loop is not None:
            yield loop, [named]
        elif caller is not None and depth > 1:
            for outer, way in rounds(file, caller, depth - 1):
                yield outer, [*way, named]


def bodies(file: SourceFile, loop: Loop) -> list[ast.AST]:
    """A loop, and the functions and methods of the file that its rounds call, also by others."""
    found: list[ast.AST] = [loop]
    for body in found:
        for call in walk(body):
            called = _called(file, call) if isinstance(call, ast.Call) else None
            if called is not None and called not in found:
                found.append(called)
    return found


def _called(file: SourceFile, call: ast.Call) -> Function | None:
    own = attribute_of_self(file, call.func)
    if own is not None:
        owner = class_of(file, call.func)
        method = owner.method(own) if owner else None
        return method[1] if method is not None and method[0] is file else None
    if not isinstance(call.func, ast.Name):
        return None
    bound = file.bindings(call.func)
    node = bound[0].node if len(bound) == 1 else None
    return node if isinstance(node, _FUNCTIONS) else None
