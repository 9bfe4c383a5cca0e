"""Who a name is: scopes, and what is bound in each."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ._nodes import children

Kind: TypeAlias = Literal["import", "value", "parameter", "definition", "other"]
ScopeNode: TypeAlias = (
    ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | ast.ClassDef
)

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Binding:
    """One place where a name gets its value.

    Attributes:
        kind: `import` of what `qualified` says; `value` of an expression; a `parameter`; the
            `definition` of a function or class; or another way, such as a loop.
        node: The statement, or the parameter.
        value: The expression, for `value`; the default, for a `parameter` that has one.
        qualified: Dotted name, for an `import`.
    """

    kind: Kind
    node: ast.AST
    value: ast.expr | None = None
    qualified: str = ""


@dataclass(slots=True)
class Scope:
    """A module, class or function, and the names bound in it.

    Attributes:
        node: Which one.
        parent: The scope around it; `None` for a module.
        names: All bindings of each name, in order.
    """

    node: ScopeNode
    parent: Scope | None = None
    names: dict[str, list[Binding]] = field(default_factory=dict)

    def find(self, name: str) -> list[Binding]:
        """All bindings of a name where it is seen from here; none if nothing binds it."""
        scope: Scope | None = self
        while scope is not None:
            # A class body's names are not seen from the functions in it.
            if name in scope.names and (scope is self or not isinstance(scope.node, ast.ClassDef)):
                return scope.names[name]
            scope = scope.parent
        return []


def build_scopes(tree: ast.Module, package: str) -> dict[ast.AST, Scope]:
    """Find what every name is bound to.

    Args:
        tree: A parsed file.
        package: Dotted name of the package it is in, for relative imports.

    Returns:
        The scope that each module, class and function opens.
    """
    builder = _Builder(package)
    builder.scope = Scope(tree)
    builder.scopes[tree] = builder.scope
    for statement in tree.body:
        builder.visit(statement)
    return builder.scopes


class _Builder(ast.NodeVisitor):
    def generic_visit(self, node: ast.AST) -> None:
        for child in children(node):
            self.visit(child)

    def __init__(self, package: str) -> None:
        self.package = package
        self.scopes: dict[ast.AST, Scope] = {}
        self.scope: Scope

    def _bind(self, name: str, binding: Binding) -> None:
        self.scope.names.setdefault(name, []).append(binding)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            name, _, _ = alias.name.partition(".")
            bound, qualified = (alias.asname, alias.name) if alias.asname else (name, name)
            self._bind(bound, Binding("import", node, qualified=qualified))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        source = node.module or ""
        if node.level:
            parts = self.package.split(".") if self.package else []
            parts = parts[: len(parts) - node.level + 1]
            source = ".".join([*parts, source] if source else parts)
        for alias in node.names:
            qualified = f"{source}.{alias.name}" if source else alias.name
            self._bind(alias.asname or alias.name, Binding("import", node, qualified=qualified))

    def visit_Assign(self, node: ast.Assign) -> None:
        for target in node.targets:
            self._bind_target(target, node, node.value)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._bind_target(node.target, node, node.value)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._bind_target(node.target, node, None)
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self._bind_target(node.target, node, node.value)
        self.generic_visit(node)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self._bind_target(node.target, node, None)
        self.generic_visit(node)

    visit_AsyncFor = visit_For

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        for item in node.items:
            if item.optional_vars is not None:
                self._bind_target(item.optional_vars, node, None)
        self.generic_visit(node)

    visit_AsyncWith = visit_With

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self._bind(node.name, Binding("other", node))
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        self._bind_target(node.target, node, None)
        self.generic_visit(node)

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> None:
        for name in node.names:
            self._bind(name, Binding("other", node))

    visit_Nonlocal = visit_Global

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._bind(node.name, Binding("definition", node))
        for outer in (*node.decorator_list, *node.bases, *node.keywords):
            self.visit(outer)
        self._open(node, node.body)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._bind(node.name, Binding("definition", node))
        for outer in (*node.decorator_list, node.args, node.returns):
            if outer is not None:
                self.visit(outer)
        self._open(node, node.body, node.args)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._open(node, [node.body], node.args)

    def _open(
        self,
        node: ScopeNode,
        body: list[ast.stmt] | list[ast.expr],
        args: ast.arguments | None = None,
    ) -> None:
        outer, self.scope = self.scope, Scope(node, self.scope)
        self.scopes[node] = self.scope
        if args is not None:
            for parameter, default in parameters(args):
                self._bind(parameter.arg, Binding("parameter", parameter, default))
        for child in body:
            self.visit(child)
        self.scope = outer

    def _bind_target(self, target: ast.expr, node: ast.AST, value: ast.expr | None) -> None:
        if isinstance(target, ast.Name):
            kind: Kind = "value" if value is not None else "other"
            self._bind(target.id, Binding(kind, node, value))
        elif isinstance(target, ast.Starred):
            self._bind_target(target.value, node, None)
        elif isinstance(target, (ast.Tuple, ast.List)):
            values = value.elts if isinstance(value, (ast.Tuple, ast.List)) else []
            same = len(values) == len(target.elts)
            for i, part in enumerate(target.elts):
                self._bind_target(part, node, values[i] if same else None)


def parameters(args: ast.arguments) -> list[tuple[ast.arg, ast.expr | None]]:
    """List a function's parameters with their defaults, in order.

    Args:
        args: Of a function.

    Returns:
        Positional ones, `*args`, keyword-only ones, `**kwargs`.
    """
    positional = [*args.posonlyargs, *args.args]
    missing = len(positional) - len(args.defaults)
    found: list[tuple[ast.arg, ast.expr | None]] = [
        (arg, args.defaults[i - missing] if i >= missing else None)
        for i, arg in enumerate(positional)
    ]
    if args.vararg:
        found.append((args.vararg, None))
    found.extend(zip(args.kwonlyargs, args.kw_defaults, strict=True))
    if args.kwarg:
        found.append((args.kwarg, None))
    return found
