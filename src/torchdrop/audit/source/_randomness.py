"""Whether what a module or function computes may drop something."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from ._arguments import argument
from ._classes import attribute_of_self, class_of, find_class, find_function
from ._constants import constant_of
from ._file import SourceFile
from ._nodes import walk
from ._rates import RATES

_DEFAULT_IS_ZERO = ("LSTM", "GRU", "RNN", "MultiheadAttention", "scaled_dot_product_attention")
_KNOWN = ("torch.", "builtins.", "math.", "functools.", "typing.", "einops.", "itertools.")
_WALKED = (ast.Call, ast.Attribute, ast.Name)


def may_drop(file: SourceFile, expression: ast.AST, depth: int = 8) -> bool | None:
    """Whether dropout is somewhere in what an expression, a function or a class stands for.

    Args:
        file: Where it is.
        expression: A module or function, as it is handed to a call; or a definition.
        depth: Definitions to follow, one inside of the other.

    Returns:
        `True` if one is seen; `False` if everything is seen and none is there; else `None`.
    """
    if depth == 0:
        return None
    if isinstance(expression, (ast.Name, ast.Attribute)):
        return _named(file, expression, depth - 1)
    return _any(_inside(file, expression, depth - 1))


def _any(answers: Iterable[bool | None]) -> bool | None:
    found = set(answers)
    return True if True in found else None if None in found else False


def _inside(file: SourceFile, node: ast.AST, depth: int) -> Iterator[bool | None]:
    """Of everything that is called in a node, and of the attributes that it reads."""
    for one in walk(node):
        if isinstance(one, ast.Call):
            yield _called(file, one, depth)
        elif isinstance(one, ast.Attribute) and attribute_of_self(file, one) is not None:
            above = file.parent(one)
            if isinstance(one.ctx, ast.Load) and isinstance(above, (ast.Call, ast.For)):
                yield may_drop(file, one, depth)


def _called(file: SourceFile, call: ast.Call, depth: int) -> bool | None:
    callee = file.callee(call)
    if callee is None:
        # A method of a tensor, or of something else that is no module.
        is_method = isinstance(call.func, ast.Attribute)
        return False if is_method or attribute_of_self(file, call.func) else None
    if callee.name in RATES:
        name, position = RATES[callee.name]
        given = argument(call, name, position, callee)
        if given.is_missing:
            return callee.name.rpartition(".")[2] not in _DEFAULT_IS_ZERO
        return None if given.value is None else constant_of(file, given.value) != 0
    if callee.name.startswith(_KNOWN):
        return False
    return _defined(file, callee.name, depth)


def _defined(file: SourceFile, name: str, depth: int) -> bool | None:
    function = find_function(file, name)
    if function is not None:
        return may_drop(*function, depth)
    owner = find_class(file, name)
    if owner is None:
        return None
    held = (may_drop(x.file, x.value, depth) for x in owner.holds())
    forward = owner.method("forward")
    known = owner.is_module() is not None
    return _any((*held, may_drop(*forward, depth) if forward and known else None))


def _named(file: SourceFile, named: ast.Name | ast.Attribute, depth: int) -> bool | None:
    attribute, owner = attribute_of_self(file, named), class_of(file, named)
    if attribute is not None and owner is not None:
        method = owner.method(attribute)
        if method is not None:
            return may_drop(*method, depth)
        held = list(owner.holds(attribute))
        return _any(may_drop(x.file, x.value, depth) for x in held) if held else None
    if not isinstance(named, ast.Name):
        return None
    bound = file.bindings(named)
    return _any(_bound(file, named, x.node, x.value, depth) for x in bound) if bound else None


def _bound(
    file: SourceFile, named: ast.Name, node: ast.AST, value: ast.expr | None, depth: int
) -> bool | None:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return may_drop(file, node, depth)
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return _defined(file, file.qualified(named) or "", depth)
    if isinstance(node, (ast.For, ast.AsyncFor, ast.comprehension)):
        # An element of `self.blocks`, or of `enumerate(self.blocks)`.
        parts = node.iter.args if isinstance(node.iter, ast.Call) else [node.iter]
        return _any(may_drop(file, x, depth) for x in parts) if parts else None
    if value is None or isinstance(node, ast.arg):
        return None
    return may_drop(file, value, depth)
