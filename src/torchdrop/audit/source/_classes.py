"""Which classes are modules, and what their attributes hold."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from ._file import Function, SourceFile
from ._nodes import walk

_MODULES = (
    "torch.nn.Module",
    "torch.jit.ScriptModule",
    "torch_geometric.nn.MessagePassing",
    "torch_geometric.nn.conv.MessagePassing",
)
_FRAMEWORKS = (
    "LightningModule",
    "lightning.LightningModule",
    "lightning.pytorch.LightningModule",
    "pytorch_lightning.LightningModule",
)


@dataclass(frozen=True, slots=True)
class Held:
    """A value that a method gives to an attribute of `self`.

    Attributes:
        file: Where.
        attribute: Its name.
        value: The expression.
        statement: The assignment.
        method: The method it is in.
    """

    file: SourceFile
    attribute: str
    value: ast.expr
    statement: ast.stmt
    method: Function


@dataclass(frozen=True, slots=True)
class ClassInfo:
    """A class of the audited tree.

    Attributes:
        file: Where it is.
        node: Its definition.
    """

    file: SourceFile
    node: ast.ClassDef

    def bases(self) -> list[str]:
        """Dotted names of its bases; `?` for one that is not known."""
        return [self.file.qualified(_plain(base)) or "?" for base in self.node.bases]

    def lineage(self) -> Iterator[ClassInfo]:
        """The class, and its bases as far as the audited tree has them."""
        seen: set[ast.ClassDef] = set()
        waiting = [self]
        while waiting:
            one = waiting.pop(0)
            if one.node in seen:
                continue
            seen.add(one.node)
            yield one
            found = (find_class(one.file, base) for base in one.bases())
            waiting.extend(base for base in found if base is not None)

    def is_module(self) -> bool | None:
        """Whether instances are modules of torch; `None` if a base decides that is not seen."""
        unknown = False
        for one in self.lineage():
            for base in one.bases():
                if base.startswith("torch.nn.") or base in _MODULES or _is_framework(base):
                    return True
                if find_class(one.file, base) is None and base not in _PLAIN:
                    unknown = True
        return None if unknown else False

    def is_framework_module(self) -> bool:
        """Whether a framework owns the mode, as Lightning does."""
        return any(_is_framework(base) for one in self.lineage() for base in one.bases())

    def methods(self) -> Iterator[tuple[SourceFile, Function]]:
        """Its methods, and those of its bases that it does not override."""
        seen: set[str] = set()
        for one in self.lineage():
            for child in one.node.body:
                if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    if child.name not in seen:
                        yield one.file, child
                    seen.add(child.name)

    def method(self, name: str) -> tuple[SourceFile, Function] | None:
        """A method by its name, its own or the nearest base's."""
        return next(((f, m) for f, m in self.methods() if m.name == name), None)

    def holds(self, attribute: str | None = None) -> Iterator[Held]:
        """Every value that a method gives to an attribute, here or in a base."""
        for one in self.lineage():
            for child in one.node.body:
                if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                    yield from _holds(one.file, child, attribute)


_PLAIN = ("builtins.object", "abc.ABC", "typing.Generic", "typing.Protocol")


def find_class(file: SourceFile, name: str) -> ClassInfo | None:
    """The class of a dotted name, if the audited tree has it."""
    found = file.project.find(name)
    if found is None or not isinstance(found[1], ast.ClassDef):
        return None
    return ClassInfo(found[0], found[1])


def find_function(file: SourceFile, name: str) -> tuple[SourceFile, Function] | None:
    """The function or method of a dotted name, and its file, if the audited tree has it."""
    found = file.project.find(name)
    if found is None or not isinstance(found[1], (ast.FunctionDef, ast.AsyncFunctionDef)):
        return None
    return found[0], found[1]


def class_of(file: SourceFile, node: ast.AST) -> ClassInfo | None:
    """The class that a node of a method is in."""
    found = file.class_of(node)
    return None if found is None else ClassInfo(file, found)


def self_name(function: Function) -> str | None:
    """What a method calls its object; `None` for a static method or a plain function."""
    if any(isinstance(x, ast.Name) and x.id == "staticmethod" for x in function.decorator_list):
        return None
    args = [*function.args.posonlyargs, *function.args.args]
    return args[0].arg if args else None


def attribute_of_self(file: SourceFile, expression: ast.AST) -> str | None:
    """Name of the attribute, if an expression reads or writes one of the method's object."""
    if not (isinstance(expression, ast.Attribute) and isinstance(expression.value, ast.Name)):
        return None
    function = file.function_of(expression)
    while function is not None and file.parent(function) is not file.class_of(function):
        function = file.function_of(function)
    if function is None or not isinstance(file.parent(function), ast.ClassDef):
        return None
    return expression.attr if expression.value.id == self_name(function) else None


_HELD: WeakKeyDictionary[SourceFile, dict[Function, list[Held]]] = WeakKeyDictionary()


def _holds(file: SourceFile, method: Function, attribute: str | None) -> Iterator[Held]:
    known = _HELD.setdefault(file, {})
    if method not in known:
        known[method] = list(_held_by(file, method))
    return (held for held in known[method] if attribute in (None, held.attribute))


def _held_by(file: SourceFile, method: Function) -> Iterator[Held]:
    name = self_name(method)
    for node in walk(method):
        if isinstance(node, ast.Assign):
            targets, value = node.targets, node.value
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            targets, value = [node.target], node.value
        else:
            continue
        for target in targets:
            for held, given in _pairs(target, value):
                own = isinstance(held, ast.Attribute) and isinstance(held.value, ast.Name)
                if own and held.value.id == name:  # type: ignore[attr-defined]
                    yield Held(file, held.attr, given, node, method)  # type: ignore[attr-defined]


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, ast.expr]]:
    both = isinstance(target, (ast.Tuple, ast.List)) and isinstance(value, (ast.Tuple, ast.List))
    if both and len(target.elts) == len(value.elts):  # type: ignore[attr-defined]
        yield from zip(target.elts, value.elts, strict=True)  # type: ignore[attr-defined]
    else:
        yield target, value


def _plain(base: ast.expr) -> ast.expr:
    """`Generic[T]` counts as `Generic`."""
    return base.value if isinstance(base, ast.Subscript) else base


def _is_framework(base: str) -> bool:
    return base in _FRAMEWORKS or base.rpartition(".")[2] == "LightningModule"
