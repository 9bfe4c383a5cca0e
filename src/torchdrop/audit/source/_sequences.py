"""Layers in the order in which they are built: `Sequential`, and lists made for it."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from ._classes import ClassInfo, attribute_of_self, class_of
from ._file import SourceFile
from ._layers import DROPOUTS, Layer, built_kind, opaque
from ._nodes import walk

_DEPTH = 8
_SEQUENTIAL = "torch.nn.Sequential"
_NAMED = ("collections.OrderedDict", "builtins.dict", "builtins.list", "builtins.tuple")
_BRANCHES = (ast.For, ast.AsyncFor, ast.While)


def layers_of(file: SourceFile, module: ast.expr, depth: int = _DEPTH) -> list[Layer]:
    """Say which layers a module consists of, one after the other.

    Args:
        file: Where it is.
        module: An expression that is a module: its construction, a variable, `self.name`.
        depth: Nested modules and variables to follow.

    Returns:
        The layers; one without a kind for everything that is not known.
    """
    if depth == 0:
        return [opaque(file, module)]
    attribute = attribute_of_self(file, module)
    if attribute is not None:
        owner = class_of(file, module)
        return _held(owner, attribute, module, depth) if owner else [opaque(file, module)]
    value = file.value_of(module)
    if isinstance(value, ast.IfExp):
        return _either(file, value, depth)
    if not isinstance(value, ast.Call):
        return [opaque(file, module)]
    return _built(file, value, depth)


def _built(file: SourceFile, value: ast.Call, depth: int) -> list[Layer]:
    name = _callee(file, value)
    if name == _SEQUENTIAL:
        return _elements(file, value, depth)
    kind = built_kind(name)
    if kind == "Identity":
        return []
    return [Layer(kind, value, value, file) if kind else opaque(file, value)]


def sequentials(file: SourceFile) -> Iterable[tuple[ast.Call, list[Layer]]]:
    """Every `torch.nn.Sequential` that a file builds, with its layers."""
    for call, _ in file.calls(_SEQUENTIAL):
        yield call, layers_of(file, call)


def _callee(file: SourceFile, call: ast.Call) -> str:
    callee = file.callee(call)
    return callee.name if callee else ""


def _held(owner: ClassInfo, attribute: str, node: ast.expr, depth: int) -> list[Layer]:
    held = list(owner.holds(attribute))
    if len(held) != 1:
        return [opaque(owner.file, node)]
    found = layers_of(held[0].file, held[0].value, depth - 1)
    # A single layer stands where it is called; a whole sequence, where it is built.
    return [found[0].at(node)] if len(found) == 1 and held[0].file is owner.file else found


def _either(file: SourceFile, choice: ast.IfExp, depth: int) -> list[Layer]:
    """`Dropout(p) if p else Identity()` is the layer that acts."""
    first, second = (layers_of(file, x, depth - 1) for x in (choice.body, choice.orelse))
    if first and second:
        return [opaque(file, choice)]
    return first or second


def _elements(file: SourceFile, call: ast.Call, depth: int) -> list[Layer]:
    if len(call.args) == 1 and not isinstance(call.args[0], ast.Starred):
        named = file.value_of(call.args[0])
        if isinstance(named, ast.Call) and _callee(file, named) in _NAMED:
            return _named(file, named, depth)
    return [layer for arg in call.args for layer in _item(file, arg, depth)]


def _item(file: SourceFile, item: ast.expr, depth: int) -> list[Layer]:
    if isinstance(item, ast.Starred):
        return _listed(file, item.value, depth - 1)
    return layers_of(file, item, depth - 1)


def _named(file: SourceFile, call: ast.Call, depth: int) -> list[Layer]:
    """Layers of an `OrderedDict`."""
    given = file.value_of(call.args[0]) if len(call.args) == 1 else None
    if isinstance(given, ast.Dict):
        values: list[ast.expr] = given.values
    elif isinstance(given, (ast.List, ast.Tuple)):
        pairs = [x for x in given.elts if isinstance(x, ast.Tuple) and len(x.elts) == 2]
        values = [pair.elts[1] for pair in pairs] if len(pairs) == len(given.elts) else []
    else:
        values = []
    return [x for value in values for x in layers_of(file, value, depth - 1)] or [
        opaque(file, call)
    ]


def _listed(file: SourceFile, value: ast.expr, depth: int) -> list[Layer]:
    """Layers of a list, which may have been built step by step."""
    if depth <= 0:
        return [opaque(file, value)]
    if isinstance(value, (ast.List, ast.Tuple)):
        return [layer for item in value.elts for layer in _item(file, item, depth)]
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):
        return [*_listed(file, value.left, depth - 1), *_listed(file, value.right, depth - 1)]
    if isinstance(value, ast.IfExp):
        return _either_list(file, value, depth)
    if isinstance(value, ast.Name):
        scope = file.scope_of(value).node
        statements = scope.body if isinstance(scope, (ast.FunctionDef, ast.Module)) else []
        if value.id in getattr(file.opened_by(scope), "names", {}) and statements:
            return _List(file, value, depth - 1).after(statements)
    return [opaque(file, value)]


def _either_list(file: SourceFile, choice: ast.IfExp, depth: int) -> list[Layer]:
    first, second = (_listed(file, x, depth - 1) for x in (choice.body, choice.orelse))
    if first and second:
        return [opaque(file, choice)]
    return [layer.on(choice.test) for layer in first or second]


class _List:
    """Follows a local list through the statements that build it.

    Args:
        file: Where it is.
        use: Where its value is asked for.
        depth: Nested modules to follow.
    """

    def __init__(self, file: SourceFile, use: ast.Name, depth: int) -> None:
        self.file, self.use, self.depth = file, use, depth
        self.around = {use, *file.ancestors(use)}

    def after(self, statements: Iterable[ast.stmt]) -> list[Layer]:
        """What the statements put into it, up to its use."""
        layers: list[Layer] = []
        for statement in statements:
            if statement in self.around:
                break
            layers = self._step(layers, statement)
        return layers

    def _step(self, layers: list[Layer], statement: ast.stmt) -> list[Layer]:
        if not self._is_in(statement):
            return layers
        targets = getattr(statement, "targets", None) or [getattr(statement, "target", None)]
        value = getattr(statement, "value", None)
        if isinstance(statement, (ast.Assign, ast.AnnAssign)) and self._is_it(targets[0]):
            return self._value(layers, value) if value else layers
        return [*layers, *self._added(statement)]

    def _added(self, statement: ast.stmt) -> list[Layer]:
        if isinstance(statement, ast.AugAssign) and self._is_it(statement.target):
            return _listed(self.file, statement.value, self.depth)
        if isinstance(statement, ast.Expr):
            return self._call(statement.value)
        if isinstance(statement, ast.If):
            return self._condition(statement)
        return self._loop(statement) if isinstance(statement, _BRANCHES) else [self._unknown()]

    def _value(self, layers: list[Layer], value: ast.expr) -> list[Layer]:
        if isinstance(value, ast.BinOp) and self._is_it(value.left):
            return [*layers, *_listed(self.file, value.right, self.depth)]
        return [self._unknown()] if self._is_in(value) else _listed(self.file, value, self.depth)

    def _call(self, call: ast.expr) -> list[Layer]:
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
            return [self._unknown()]
        is_ours = self._is_it(call.func.value) and len(call.args) == 1
        if is_ours and call.func.attr == "append":
            return layers_of(self.file, call.args[0], self.depth)
        if is_ours and call.func.attr == "extend":
            return _listed(self.file, call.args[0], self.depth)
        return [self._unknown()]

    def _condition(self, statement: ast.If) -> list[Layer]:
        """A dropout that a condition adds is what happens when there is dropout."""
        added = self.after(statement.body)
        if any(self._is_in(x) for x in (*statement.orelse, statement.test)):
            return [self._unknown()]
        if len(added) == 1 and added[0].kind in DROPOUTS:
            return [added[0].on(statement.test)]
        return [self._unknown()]

    def _loop(self, statement: ast.For | ast.AsyncFor | ast.While) -> list[Layer]:
        """Twice, for what meets at the seam; the last round may leave something out."""
        added = self.after(statement.body)
        unsure = any(x.test is not None or x.kind is None for x in added)
        return [*added, *added, self._unknown()] if unsure else [*added, *added]

    def _is_it(self, node: ast.AST | None) -> bool:
        return isinstance(node, ast.Name) and node.id == self.use.id

    def _is_in(self, node: ast.AST) -> bool:
        return any(self._is_it(x) for x in walk(node))

    def _unknown(self) -> Layer:
        return opaque(self.file, self.use)
