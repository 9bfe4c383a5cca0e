"""What becomes of a variable after a statement."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import Literal, TypeAlias

from ._file import SourceFile
from ._nodes import children, walk

Use: TypeAlias = Literal["read", "written", "left"]

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_LEAVES = (ast.Return, ast.Raise, ast.Continue, ast.Break)
_FACTS = ("shape", "size", "dim", "ndim", "dtype", "device", "numel", "is_cuda", "requires_grad")


def reads(file: SourceFile, node: ast.AST, name: str) -> Iterator[ast.Name]:
    """Where a node reads the values of a variable, rather than its shape, dtype or device."""
    for one in walk(node):
        if not isinstance(one, ast.Name) or one.id != name:
            continue
        above = file.parent(one)
        if isinstance(one.ctx, ast.Load):
            if not (isinstance(above, ast.Attribute) and above.attr in _FACTS):
                yield one
        elif isinstance(above, ast.AugAssign):
            yield one


def next_use(file: SourceFile, statement: ast.stmt, name: str) -> Use | None:
    """Say what happens next to a local variable.

    Args:
        file: Where it is.
        statement: After it.
        name: The variable's name.

    Returns:
        `read` if some path reads it before it is written, `written` if it is overwritten first,
        `left` if the function is left first; `None` if it ends.
    """
    child: ast.AST = statement
    for above in file.ancestors(statement):
        for field in ("body", "orelse", "finalbody"):
            block = getattr(above, field, None)
            if isinstance(block, list) and child in block:
                use = _in_block(file, block[block.index(child) + 1 :], name)
                if use is not None:
                    return use
        if isinstance(above, _FUNCTIONS):
            return None
        child = above
    return None


def _in_block(file: SourceFile, block: Sequence[ast.stmt], name: str) -> Use | None:
    for statement in block:
        use = _in_statement(file, statement, name)
        if use is not None:
            return use
        if isinstance(statement, _LEAVES):
            return "left"
    return None


def _in_statement(file: SourceFile, statement: ast.stmt, name: str) -> Use | None:
    blocks = [
        block
        for field in ("body", "orelse", "finalbody")
        if isinstance(block := getattr(statement, field, None), list) and block
    ]
    if not blocks or isinstance(statement, (*_FUNCTIONS, ast.ClassDef)):
        if any(reads(file, statement, name)):
            return "read"
        return "written" if _writes(statement, name) else None
    heads = (x for x in children(statement) if not isinstance(x, ast.stmt))
    if any(True for head in heads for _ in reads(file, head, name)):
        return "read"
    uses = [_in_block(file, block, name) for block in blocks]
    if "read" in uses:
        return "read"
    complete = isinstance(statement, ast.With) or (
        isinstance(statement, ast.If) and len(blocks) == 2
    )
    return uses[0] if complete and len(set(uses)) == 1 else None


def _writes(statement: ast.stmt, name: str) -> bool:
    return any(
        isinstance(x, ast.Name) and x.id == name and not isinstance(x.ctx, ast.Load)
        for x in walk(statement)
    )
