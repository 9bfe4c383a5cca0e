"""Calls that drop: of torch's functions, and of layers that a class holds."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from ._arguments import argument
from ._classes import attribute_of_self, class_of, find_class
from ._constants import constant_of
from ._file import SourceFile
from ._rates import FUNCTIONS, LAYERS


@dataclass(frozen=True, slots=True)
class Applied:
    """A call that drops parts of a tensor.

    Attributes:
        call: The call.
        input: The tensor; `None` if it cannot be seen.
        inplace: Whether it is overwritten; `None` if that cannot be told.
    """

    call: ast.Call
    input: ast.expr | None
    inplace: bool | None


def applied(file: SourceFile) -> Iterator[Applied]:
    """Find every call of a dropout function, or of a layer that is certainly one of dropout."""
    for call in file.nodes(ast.Call):
        one = apply_of(file, call)
        if one is not None:
            yield one


def apply_of(file: SourceFile, call: ast.Call) -> Applied | None:
    """Say what a call drops; `None` if it is no dropout, or cannot be told."""
    callee = file.callee(call)
    given = argument(call, "input", 0, callee).value
    if callee is not None and callee.name in FUNCTIONS:
        return Applied(call, given, _is_true(file, call, 3))
    built = list(_built(file, call.func))
    if not built or any(x is None for _, x in built):
        return None
    flags = {_is_true(home, x, 1) for home, x in built if x is not None}
    return Applied(call, given, flags.pop() if len(flags) == 1 else None)


def builds_dropout(file: SourceFile, expression: ast.expr) -> bool:
    """Whether an expression is a call that builds a layer of dropout, torch's or one made of it."""
    if not isinstance(expression, ast.Call):
        return False
    callee = file.callee(expression)
    if callee is None:
        return False
    if callee.name in LAYERS:
        return True
    own = find_class(file, callee.name)
    if own is None or any(True for _ in own.holds()):
        return False
    return any(base in LAYERS for one in own.lineage() for base in one.bases())


def _built(file: SourceFile, layer: ast.expr) -> Iterator[tuple[SourceFile, ast.Call | None]]:
    """The calls that build what stands in a layer's place; `None` for anything but dropout."""
    name, owner = attribute_of_self(file, layer), class_of(file, layer)
    if name is not None and owner is not None:
        if owner.method(name) is None:
            for held in owner.holds(name):
                yield from _options(held.file, held.value)
    elif isinstance(layer, (ast.Call, ast.Name)):
        yield from _options(file, file.value_of(layer))


def _options(
    file: SourceFile, expression: ast.expr
) -> Iterator[tuple[SourceFile, ast.Call | None]]:
    if isinstance(expression, ast.IfExp):
        yield from _options(file, expression.body)
        yield from _options(file, expression.orelse)
    elif builds_dropout(file, expression):
        yield file, expression  # type: ignore[misc]
    elif not _does_nothing(file, expression):
        yield file, None


def _does_nothing(file: SourceFile, expression: ast.expr) -> bool:
    if isinstance(expression, ast.Constant):
        return expression.value is None
    is_call = isinstance(expression, ast.Call)
    return is_call and file.qualified(expression.func) == "torch.nn.Identity"  # type: ignore[attr-defined]


def _is_true(file: SourceFile, call: ast.Call, position: int) -> bool | None:
    given = argument(call, "inplace", position, file.callee(call))
    if given.is_missing:
        return False
    constant = None if given.value is None else constant_of(file, given.value)
    return None if constant is None else bool(constant)
