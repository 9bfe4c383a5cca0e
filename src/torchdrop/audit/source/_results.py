"""Where the results of runs go: names, and the expressions that use them."""

from __future__ import annotations

import ast

from ._events import Flow, Forward
from ._file import SourceFile
from ._models import text_of
from ._nodes import walk

_DEPTH = 4


def runs_in(flow: Flow, expression: ast.expr, depth: int = _DEPTH) -> tuple[Forward, ...]:
    """List the runs whose results an expression is made from.

    Args:
        flow: The function.
        expression: In it.
        depth: Variables to follow, one after the other.

    Returns:
        Runs in the expression itself, and in what its names were last assigned before it.
    """
    found: dict[ast.AST, Forward] = {}
    nodes = set(walk(expression))
    for forward in flow.forwards:
        if forward.node in nodes:
            found[forward.node] = forward
    if not found and depth:
        for part in nodes:
            value = _assigned(flow, part, expression)
            for forward in runs_in(flow, value, depth - 1) if value is not None else ():
                found[forward.node] = forward
    return tuple(found.values())


def name_of_result(file: SourceFile, forward: Forward) -> str | None:
    """The variable that a run's result is assigned to, alone or in a row of others."""
    statement = file.statement_of(forward.node)
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return None
    target, value = statement.targets[0], statement.value
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, given in zip(target.elts, value.elts, strict=False):
            if any(x is forward.node for x in walk(given)):
                return text_of(one)
        return None
    return text_of(target)


def _assigned(flow: Flow, part: ast.AST, before: ast.expr) -> ast.expr | None:
    """What a name was last assigned in the function before a place."""
    if not isinstance(part, (ast.Name, ast.Attribute)) or isinstance(part.ctx, ast.Store):
        return None
    text, place = text_of(part), (before.lineno, before.col_offset)
    best: tuple[tuple[int, int], ast.expr] | None = None
    for node in walk(flow.node):
        if not isinstance(node, ast.Assign) or len(node.targets) != 1:
            continue
        here = (node.lineno, node.col_offset)
        if here < place and text_of(node.targets[0]) == text and (not best or here > best[0]):
            best = (here, node.value)
    return best[1] if best else None
