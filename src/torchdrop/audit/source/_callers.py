"""Whether code is reached only where somebody has asked for the mode."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ._classes import attribute_of_self
from ._file import Function, SourceFile
from ._mode import guarded

_FROM_ANYWHERE = ("forward", "__call__", "__init__")


def reached_by_mode(file: SourceFile, node: ast.AST, depth: int = 3) -> bool:
    """Whether a test of the mode decides that a node runs: around it, or around every caller.

    Args:
        file: Where it is.
        node: Any.
        depth: Callers to follow, one after the other.

    Returns:
        The verdict. Callers are looked for in the same file; `forward` and `__call__` have others.
    """
    if guarded(file, node):
        return True
    function = file.function_of(node)
    if function is None or not depth or function.name in _FROM_ANYWHERE:
        return False
    found = list(references(file, function))
    return bool(found) and all(reached_by_mode(file, x, depth - 1) for x in found)


def called_only_from(
    file: SourceFile, function: Function, names: tuple[str, ...], depth: int = 3
) -> bool:
    """Whether a method has one of these names, or is only called from such a method.

    Args:
        file: Where it is.
        function: Any.
        names: Such as `forward`.
        depth: Callers to follow, one after the other.

    Returns:
        The verdict; `False` for what is no method, and for one that its file never calls.
    """
    if not isinstance(file.parent(function), ast.ClassDef):
        return False
    if function.name in names:
        return True
    callers = [file.function_of(x) for x in references(file, function)] if depth else []
    return bool(callers) and all(
        x is not None and called_only_from(file, x, names, depth - 1) for x in callers
    )


def references(file: SourceFile, function: Function) -> Iterator[ast.expr]:
    """Where a function, or a method by its own object, is named in its file, outside of itself."""
    if isinstance(file.parent(function), ast.ClassDef):
        found: Iterator[ast.expr] = (
            node
            for node in file.nodes(ast.Attribute)
            if node.attr == function.name and attribute_of_self(file, node) is not None
        )
    else:
        found = (
            name
            for name in file.nodes(ast.Name)
            if name.id == function.name and any(x.node is function for x in file.bindings(name))
        )
    yield from (node for node in found if function not in file.ancestors(node))
