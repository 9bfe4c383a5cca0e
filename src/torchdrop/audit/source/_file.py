"""A source file as rules see it: its tree, who calls whom, and what names stand for."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, TypeVar

from ._nodes import children, link, walk
from ._scopes import Binding, Scope, build_scopes

N = TypeVar("N", bound=ast.AST)
Function = ast.FunctionDef | ast.AsyncFunctionDef
_CANONICAL = {
    "torch.dropout": "torch.nn.functional.dropout",
    "torch.alpha_dropout": "torch.nn.functional.alpha_dropout",
    "torch.feature_alpha_dropout": "torch.nn.functional.feature_alpha_dropout",
    "torch.feature_dropout": "torch.nn.functional.dropout2d",
}


class Tree(Protocol):
    """All files of an audit, for a file that asks what others define."""

    def find(self, name: str) -> tuple[SourceFile, ast.AST] | None:
        """What a dotted name defines: the file, and the class or function."""

    def heirs(self, name: str) -> Iterator[SourceFile]:
        """Files with a class that derives from one of this name."""

    def mentioning(self, word: str) -> Iterator[SourceFile]:
        """Files in whose text a word occurs."""


@dataclass(frozen=True, slots=True)
class Callee:
    """What a call calls.

    Attributes:
        name: Dotted name, such as `torch.nn.functional.dropout`.
        args: Positional arguments that `functools.partial` has bound before.
        keywords: Keyword arguments that it has bound before.
    """

    name: str
    args: tuple[ast.expr, ...] = ()
    keywords: tuple[ast.keyword, ...] = ()


class SourceFile:
    """One parsed file: `tree`, and what it takes to understand it.

    Args:
        path: As it was found.
        text: Its characters; of a notebook, its code cells.
        module: Dotted name, as far as its folders are packages.
        project: All files of the audit.
        is_package: Whether it is the `__init__.py` of a package.
    """

    def __init__(
        self, path: str, text: str, module: str, project: Tree, *, is_package: bool = False
    ) -> None:
        self.path, self.text, self.module, self.project = path, text, module, project
        self.tree = ast.parse(text, filename=path)
        self.package = module if is_package else module.rpartition(".")[0]
        self._by_type: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
        self._parents: dict[ast.AST, ast.AST] = {}
        link(self.tree)
        for node in walk(self.tree):
            self._by_type[type(node)].append(node)
            for child in children(node):
                self._parents[child] = node
        self._scopes = build_scopes(self.tree, self.package)
        self._scope_around: dict[ast.AST, Scope] = {}
        self._callees: dict[ast.Call, Callee | None] = {}

    # --- The tree.

    def nodes(self, *kinds: type[N]) -> Iterator[N]:
        """All nodes of these types, outer ones first."""
        for kind in kinds:
            yield from self._by_type[kind]  # type: ignore[misc]

    def parent(self, node: ast.AST) -> ast.AST | None:
        """The node around a node; `None` for the module."""
        return self._parents.get(node)

    def ancestors(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around a node, the closest first."""
        above = self._parents.get(node)
        while above is not None:
            yield above
            above = self._parents.get(above)

    def function_of(self, node: ast.AST) -> Function | None:
        """The function or method that a node is in; lambdas do not count."""
        return next(
            (
                x
                for x in self.ancestors(node)
                if isinstance(x, (ast.FunctionDef, ast.AsyncFunctionDef))
            ),
            None,
        )

    def class_of(self, node: ast.AST) -> ast.ClassDef | None:
        """The class that a node is in, through functions and methods."""
        return next((x for x in self.ancestors(node) if isinstance(x, ast.ClassDef)), None)

    def statement_of(self, node: ast.AST) -> ast.stmt:
        """The innermost statement that a node is in, or the node itself."""
        for one in (node, *self.ancestors(node)):
            if isinstance(one, ast.stmt):
                return one
        raise ValueError("a node of a file is in a statement")

    def segment(self, node: ast.AST) -> str:
        """The text of a node."""
        if not isinstance(node, (ast.expr, ast.stmt, ast.keyword)):
            return ""
        start, end = self.span(node)
        return self.text[start:end]

    # --- Offsets, for edits.

    @cached_property
    def _starts(self) -> list[int]:
        starts = [0]
        for line in self.text.splitlines(keepends=True):
            starts.append(starts[-1] + len(line))
        return starts

    def offset(self, line: int, byte: int) -> int:
        """Characters before a place that `ast` gives: a line from 1, and bytes from its start."""
        start = self._starts[line - 1]
        head = self.text[start : self._starts[line]].encode()[:byte]
        return start + len(head.decode())

    def span(self, node: ast.expr | ast.stmt | ast.keyword) -> tuple[int, int]:
        """Offsets of the first character of a node, and behind its last one."""
        end_line, end_byte = node.end_lineno or node.lineno, node.end_col_offset or 0
        return self.offset(node.lineno, node.col_offset), self.offset(end_line, end_byte)

    # --- Names.

    def scope_of(self, node: ast.AST) -> Scope:
        """The scope whose names a node sees."""
        found = self._scope_around.get(node)
        if found is None:
            above = self._parents.get(node)
            if above is None:
                return self._scopes[self.tree]
            opens = above in self._scopes and self._is_inside(node, above)
            found = self._scopes[above] if opens else self.scope_of(above)
            self._scope_around[node] = found
        return found

    def _is_inside(self, child: ast.AST, above: ast.AST) -> bool:
        """Whether a child of a function belongs to its body, not to its defaults or decorators."""
        if isinstance(above, ast.Lambda):
            return child is above.body
        body = getattr(above, "body", [])
        return child in body if isinstance(body, list) else False

    def opened_by(self, node: ast.AST) -> Scope | None:
        """The scope that a class or function opens."""
        return self._scopes.get(node)

    def bindings(self, name: ast.Name) -> list[Binding]:
        """Everything that binds a name where it stands."""
        return self.scope_of(name).find(name.id)

    def value_of(self, expression: ast.expr) -> ast.expr:
        """Follow a name to the one expression that it was assigned; anything else stays."""
        seen: set[str] = set()
        while isinstance(expression, ast.Name) and expression.id not in seen:
            seen.add(expression.id)
            bound = self.bindings(expression)
            if len(bound) != 1 or bound[0].kind != "value" or bound[0].value is None:
                break
            expression = bound[0].value
        return expression

    def qualified(self, expression: ast.AST) -> str | None:
        """Dotted name of what an expression stands for: imports, aliases and definitions.

        Args:
            expression: A name, or attributes of one.

        Returns:
            Such as `torch.nn.functional.dropout`, whatever it is called here; `None` if it is not
            known, as for parameters, or attributes of `self`.
        """
        name = self._qualified(expression, set())
        return None if name is None else canonical(name)

    def _qualified(self, expression: ast.AST, seen: set[str]) -> str | None:
        if isinstance(expression, ast.Attribute):
            base = self._qualified(expression.value, seen)
            return None if base is None else f"{base}.{expression.attr}"
        if not isinstance(expression, ast.Name) or expression.id in seen:
            return None
        bound = self.bindings(expression)
        names = {self._name_of(expression.id, binding, seen | {expression.id}) for binding in bound}
        # `try: from a import f` `except ImportError: f = None`: what is known counts.
        known = {name for name in names if name is not None}
        if len(known) == 1 and all(b.kind in ("import", "definition", "value") for b in bound):
            return known.pop()
        return f"builtins.{expression.id}" if not bound else None

    def _name_of(self, name: str, binding: Binding, seen: set[str]) -> str | None:
        if binding.kind == "import":
            return binding.qualified
        if binding.kind == "definition":
            above = self._parents.get(binding.node)
            inner = isinstance(above, ast.ClassDef)
            return f"{self.module}.{above.name}.{name}" if inner else f"{self.module}.{name}"  # type: ignore[union-attr]
        if binding.kind == "value" and isinstance(binding.value, (ast.Name, ast.Attribute)):
            return self._qualified(binding.value, seen)
        return None

    # --- Calls.

    def callee(self, call: ast.Call) -> Callee | None:
        """Say what a call calls, through aliases and `functools.partial`."""
        if call not in self._callees:
            self._callees[call] = self._find_callee(call)
        return self._callees[call]

    def _find_callee(self, call: ast.Call) -> Callee | None:
        function = self.value_of(call.func)
        if isinstance(function, ast.Call) and self.qualified(function.func) == "functools.partial":
            name = self.qualified(function.args[0]) if function.args else None
            args = tuple(function.args[1:])
            return None if name is None else Callee(name, args, tuple(function.keywords))
        name = self.qualified(call.func)
        return None if name is None else Callee(name)

    @cached_property
    def _calls_by_name(self) -> dict[str, list[tuple[ast.Call, Callee]]]:
        found: dict[str, list[tuple[ast.Call, Callee]]] = defaultdict(list)
        for call in self.nodes(ast.Call):
            callee = self.callee(call)
            if callee is not None:
                found[callee.name].append((call, callee))
        return found

    def calls(self, *names: str) -> Iterator[tuple[ast.Call, Callee]]:
        """All calls of functions with one of these dotted names."""
        for name in names:
            yield from self._calls_by_name.get(name, ())


def canonical(name: str) -> str:
    """Give torch's objects the name that users know, wherever torch keeps them."""
    if name.startswith("torch.nn.modules."):
        name = f"torch.nn.{name.rpartition('.')[2]}"
    return _CANONICAL.get(name, name)
