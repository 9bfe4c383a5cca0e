"""Edits that more than one rule proposes."""

from __future__ import annotations

import ast

from ._finding import Edit, Fix
from .source import SourceFile, self_name


def object_of(file: SourceFile, node: ast.AST) -> str | None:
    """What the method that a node is directly in calls its object; `None` outside of methods."""
    function = file.function_of(node)
    if function is None or not isinstance(file.parent(function), ast.ClassDef):
        return None
    return self_name(function)


def pass_training(file: SourceFile, call: ast.Call) -> Fix | None:
    """Add `training=self.training` as the last argument.

    Args:
        file: Where it is.
        call: A call without that argument.

    Returns:
        The fix; `None` where no method's object is at hand, or a comment is in the way.
    """
    name = object_of(file, call)
    start, end = file.span(call)
    before = file.text[start : end - 1].rstrip()
    if name is None or "#" in before.rpartition("\n")[2]:
        return None
    comma = "" if before.endswith((",", "(")) else ","
    space = "" if before.endswith("(") else " "
    at = start + len(before)
    edit = Edit(at, at, f"{comma}{space}training={name}.training")
    return Fix(f"Pass `training={name}.training`.", (edit,))


def tie_rate(file: SourceFile, call: ast.Call, rate: ast.expr) -> Fix | None:
    """Make a rate 0 in evaluation.

    Args:
        file: Where it is.
        call: The call that is given the rate.
        rate: The argument.

    Returns:
        The fix; `None` where no method's object is at hand, or the argument stands elsewhere.
    """
    name = object_of(file, call)
    if name is None or call not in file.ancestors(rate):
        return None
    simple = isinstance(rate, (ast.Name, ast.Attribute, ast.Constant))
    if not simple or file.text[file.span(rate)[1] :].lstrip()[:1] not in (",", ")"):
        return None
    at = file.span(rate)[1]
    text = f"{file.segment(rate)} if {name}.training else 0.0"
    return Fix(f"Pass `{text}`.", (Edit(at, at, f" if {name}.training else 0.0"),))
