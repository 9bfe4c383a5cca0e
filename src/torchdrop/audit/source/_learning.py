"""Whether a model learns from one of its runs: the result reaches backward, and a step follows."""

from __future__ import annotations

import ast

from ._events import Flow, Forward, Update
from ._file import SourceFile
from ._models import text_of
from ._nodes import walk

_CUT = ("detach", "item", "argmax", "tolist", "numpy", "no_grad")
_LOOPS = (ast.For, ast.AsyncFor, ast.While)


def learns(flow: Flow, forward: Forward) -> bool:
    """Whether backward is called on what a run gives, in the same turn of the same loop."""
    return forward.gradient != "off" and backward_of(flow, forward) is not None


def backward_of(flow: Flow, forward: Forward) -> Update | None:
    """The call of backward that a run's result reaches."""
    for update in flow.updates:
        if update.kind == "backward" and _reaches(flow.file, forward, update):
            return update
    return None


def step_of(flow: Flow, forward: Forward) -> Update | None:
    """The step that may change the model after a run: in the same loop or one around it.

    An optimizer that certainly has other parameters is no such step.
    """
    around = _loops(flow.file, forward.node, flow.node)
    steps = [update for update in flow.updates if update.kind == "step"]
    if forward.learns and any(update.node is forward.node for update in steps):
        steps = [update for update in steps if update.node is forward.node]
    for update in steps:
        if not _is_owned(forward.key, update.owned):
            continue
        loops = _loops(flow.file, update.node, flow.node)
        behind = _place(update.node) >= _place(forward.node)
        if (loops and loops[0] in around) or (behind and not around) or (behind and not loops):
            return update
    return None


def _is_owned(key: str, owned: frozenset[str] | None) -> bool:
    if owned is None:
        return True
    return any(
        key == one or one.startswith(f"{key}.") or key.startswith(f"{one}.") for one in owned
    )


def _reaches(file: SourceFile, forward: Forward, update: Update) -> bool:
    if forward.node is update.node:
        return forward.learns
    here, there = _innermost(file, forward.node), _innermost(file, update.node)
    if here is not there:
        return False
    if any(above is update.node for above in file.ancestors(forward.node)):
        return not _is_cut(file, forward.node)
    if _place(update.node) < _place(forward.node) or _is_cut(file, forward.node):
        return False
    names = _follow(file, forward.node, update.node)
    return any(text_of(x) in names for x in walk(update.node))


def _follow(file: SourceFile, start: ast.AST, end: ast.AST) -> set[str]:
    """Names that depend on a call's result, from its statement to another."""
    scope = file.function_of(start) or file.tree
    first = file.statement_of(start)
    names: set[str] = set()
    found = sorted(
        (x for x in walk(scope) if isinstance(x, (ast.Assign, ast.AugAssign, ast.AnnAssign))),
        key=_place,
    )
    for one in found:
        if one is not first and not _place(start) < _place(one) <= _place(end):
            continue
        targets = one.targets if isinstance(one, ast.Assign) else [one.target]
        mentioned = {text_of(x) for x in walk(one.value or one)} - {None}
        changed = {t for x in targets for t in _texts(x)}
        if one is first or names & mentioned:
            names |= changed
        elif not isinstance(one, ast.AugAssign):
            names -= changed
    return names


def _texts(target: ast.expr) -> set[str]:
    if isinstance(target, (ast.Tuple, ast.List)):
        return {text for part in target.elts for text in _texts(part)}
    text = text_of(target)
    return {text} if text else set()


def _is_cut(file: SourceFile, node: ast.AST) -> bool:
    """Whether a result loses its gradient in its own statement."""
    child = node
    for above in file.ancestors(node):
        if isinstance(above, ast.stmt):
            return False
        if isinstance(above, ast.Attribute) and above.value is child and above.attr in _CUT:
            return True
        child = above
    return False


def _innermost(file: SourceFile, node: ast.AST) -> ast.AST | None:
    loops = _loops(file, node, None)
    return loops[0] if loops else None


def _loops(file: SourceFile, node: ast.AST, stop: ast.AST | None) -> list[ast.AST]:
    """Loops around a node in its function, the innermost first."""
    found: list[ast.AST] = []
    for above in file.ancestors(node):
        if above is stop or isinstance(above, (ast.FunctionDef, ast.AsyncFunctionDef)):
            break
        if isinstance(above, _LOOPS):
            found.append(above)
    return found


def _place(node: ast.AST) -> tuple[int, int]:
    return getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
