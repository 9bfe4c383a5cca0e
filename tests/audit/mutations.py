"""The same code, written otherwise: what an audit finds must not depend on how things are called.

Every mutation takes a parsed file and returns another that does the same, or `None` where there is
nothing for it to change. Comments and line numbers are lost, so that what is found is compared by
the rules' ids.
"""

import ast
from collections import Counter
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from torchdrop.audit import Finding, audit_text
from torchdrop.audit.source import read

Mutation: TypeAlias = Callable[[ast.Module], ast.Module | None]
Function = ast.FunctionDef | ast.AsyncFunctionDef

CASES = Path(__file__).parent / "cases"
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_HOMES = ("torch", "torchdrop", "flash_attn", "xformers")
_FIXED_METHODS = ("train", "eval")  # callers know them by these names


@dataclass(frozen=True)
class Case:
    """A case on disk, as it is without its comments.

    Attributes:
        path: Of the file.
        rule: Whose case it is.
        is_flagged: Whether the rule finds something.
        text: Its code, without comments.
        wanted: How often the rule finds something in it.
    """

    path: Path
    rule: str
    is_flagged: bool
    text: str
    wanted: int


def cases() -> list[Case]:
    """All cases that mean the same without their comments."""
    paths = sorted(path for path in CASES.glob("*/*/*") if path.is_file())
    found = (_case(path) for path in paths)
    return [case for case in found if case is not None]


def _case(path: Path) -> Case | None:
    rule, is_flagged = path.parent.parent.name, path.parent.name == "flagged"
    whole = read(path)
    bare = ast.unparse(ast.parse(whole))
    before, after = (count(audit_text(text), rule, is_flagged) for text in (whole, bare))
    return Case(path, rule, is_flagged, bare, after) if before == after else None


def count(findings: tuple[Finding, ...], rule: str, is_flagged: bool) -> int:
    """Findings of a rule; in a clean case, alarms of others count as well."""
    return sum(x.rule == rule or (not is_flagged and x.severity != "advice") for x in findings)


def mutants(case: Case) -> Iterator[tuple[str, str]]:
    """The names of all mutations that change a case, and what comes of it."""
    for name, mutation in MUTATIONS.items():
        mutant = mutation(ast.parse(case.text))
        if mutant is not None:
            text = ast.unparse(ast.fix_missing_locations(mutant))
            if text != case.text:
                yield name, text


def tally(case: Case, text: str) -> Counter[str]:
    """What an audit of a mutant gets right: `found`, `missed` and `false` findings."""
    number = count(audit_text(text), case.rule, case.is_flagged)
    found = min(number, case.wanted)
    return Counter(found=found, missed=case.wanted - found, false=number - found)


# --- Names.


class _Rename(ast.NodeTransformer):
    def __init__(self, names: dict[str, str]) -> None:
        self.names = names

    def visit_Name(self, node: ast.Name) -> ast.Name:
        node.id = self.names.get(node.id, node.id)
        return node


def rename_locals(tree: ast.Module) -> ast.Module | None:
    """Give every variable of a function another name; parameters keep theirs."""
    changed = False
    functions = [node for node in ast.walk(tree) if isinstance(node, _FUNCTIONS)]
    for number, function in enumerate(functions):
        names = sorted(_own_variables(function))
        new = {name: f"value_{number}_{i}" for i, name in enumerate(names)}
        for statement in function.body:
            _Rename(new).visit(statement)
        changed = changed or bool(names)
    return tree if changed else None


def _own_variables(function: Function) -> set[str]:
    inside = [node for statement in function.body for node in ast.walk(statement)]
    kept = {x.arg for node in (function, *inside) for x in _parameters(node)}
    kept |= {
        x for node in inside if isinstance(node, ast.Global | ast.Nonlocal) for x in node.names
    }
    defined = (*_FUNCTIONS, ast.ClassDef)
    kept |= {node.name for node in inside if isinstance(node, defined)}
    kept |= _bound_by_import(inside)
    stored = {x.id for x in inside if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store)}
    return stored - kept


def _parameters(node: ast.AST) -> list[ast.arg]:
    return [x for x in ast.walk(node.args) if isinstance(x, ast.arg)] if _has_args(node) else []  # type: ignore[attr-defined]


def _has_args(node: ast.AST) -> bool:
    return isinstance(node, (*_FUNCTIONS, ast.Lambda))


def _bound_by_import(nodes: list[ast.AST]) -> set[str]:
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    return {(x.asname or x.name).partition(".")[0] for node in imports for x in node.names}


def rename_classes(tree: ast.Module) -> ast.Module | None:
    """Give every class another name; one of a test says what it is, and keeps it."""
    classes = [x for x in ast.walk(tree) if isinstance(x, ast.ClassDef) and "Test" not in x.name]
    new = {node.name: f"Kind{i}" for i, node in enumerate(classes)}
    for node in classes:
        node.name = new[node.name]
    _Rename(new).visit(tree)
    return tree if classes else None


def alias_imports(tree: ast.Module) -> ast.Module | None:
    """`import torch.nn.functional as F` becomes `... as other_0`."""
    taken, new = _bindings(tree), dict[str, str]()
    for alias in _aliases(tree):
        bound = alias.asname or alias.name
        if "." not in bound and bound != "*" and taken[bound] == 1:
            new[bound] = alias.asname = f"other_{len(new)}"
    _Rename(new).visit(tree)
    return tree if new else None


def _aliases(tree: ast.Module) -> Iterator[ast.alias]:
    imports = (node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom))
    for node in imports:
        if getattr(node, "module", None) != "__future__":
            yield from node.names


def _bindings(tree: ast.Module) -> Counter[str]:
    """How often each name is bound anywhere in a file."""
    found: Counter[str] = Counter()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found[node.id] += 1
        elif isinstance(node, ast.arg):
            found[node.arg] += 1
        elif isinstance(node, ast.alias):
            found[(node.asname or node.name).partition(".")[0]] += 1
        elif isinstance(node, (*_FUNCTIONS, ast.ClassDef)):
            found[node.name] += 1
    return found


def import_names(tree: ast.Module) -> ast.Module | None:
    """`F.dropout` becomes `taken_0`, from `from torch.nn.functional import dropout as taken_0`."""
    taken, homes = _bindings(tree), dict[str, str]()
    for node in tree.body:
        for alias in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
            bound, source = alias.asname or alias.name, alias.name
            if isinstance(node, ast.ImportFrom):
                source = f"{node.module}.{alias.name}" if not node.level else ""
            if taken[bound] == 1 and source.partition(".")[0] in _HOMES:
                homes[bound] = source
    replace = _TakeNames(homes)
    replace.visit(tree)
    for number, (name, source) in enumerate(replace.taken.items()):
        module, _, last = source.rpartition(".")
        alias = ast.alias(last, name)
        place = 1 + sum(
            isinstance(x, ast.ImportFrom) and x.module == "__future__" for x in tree.body
        )
        tree.body.insert(place + number, ast.ImportFrom(module, [alias], 0))
    return tree if replace.taken else None


class _TakeNames(ast.NodeTransformer):
    def __init__(self, homes: dict[str, str]) -> None:
        self.homes, self.taken = homes, dict[str, str]()

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        source = self._source(node) if isinstance(node.ctx, ast.Load) else None
        if source is None:
            return self.generic_visit(node)
        known = {source: name for name, source in self.taken.items()}
        name = known.get(source) or f"taken_{len(self.taken)}"
        self.taken[name] = source
        return ast.Name(name, ast.Load())

    def _source(self, node: ast.expr) -> str | None:
        if isinstance(node, ast.Name):
            return self.homes.get(node.id)
        base = self._source(node.value) if isinstance(node, ast.Attribute) else None
        return f"{base}.{node.attr}" if base and isinstance(node, ast.Attribute) else None


# --- Structure.


def wrap_methods(tree: ast.Module) -> ast.Module | None:
    """`forward` hands its arguments to another method, which has the body."""
    changed = False
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            parts = [_wrapped(child) for child in node.body]
            changed = changed or any(len(part) > 1 for part in parts)
            node.body = [child for part in parts for child in part]
    return tree if changed else None


def _wrapped(method: ast.stmt) -> list[ast.stmt]:
    if not isinstance(method, ast.FunctionDef) or method.decorator_list:
        return [method]
    is_fixed = method.name.startswith("__") or method.name in _FIXED_METHODS
    yields = any(isinstance(x, ast.Yield | ast.YieldFrom) for x in ast.walk(method))
    positional = [*method.args.posonlyargs, *method.args.args]
    if is_fixed or yields or not positional:
        return [method]
    inner = deepcopy(method)
    inner.name = f"_{method.name}_body"
    first, *others = (ast.Name(x.arg, ast.Load()) for x in positional)
    arguments: list[ast.expr] = list(others)
    if method.args.vararg:
        arguments.append(ast.Starred(ast.Name(method.args.vararg.arg, ast.Load()), ast.Load()))
    keywords = [ast.keyword(x.arg, ast.Name(x.arg, ast.Load())) for x in method.args.kwonlyargs]
    if method.args.kwarg:
        keywords.append(ast.keyword(None, ast.Name(method.args.kwarg.arg, ast.Load())))
    called = ast.Attribute(first, inner.name, ast.Load())
    method.body = [ast.Return(ast.Call(called, arguments, keywords))]
    return [method, inner]


def move_to_base(tree: ast.Module) -> ast.Module | None:
    """Everything that a class has comes from a base class."""
    bodies = [x for x in ast.walk(tree) if isinstance(getattr(x, "body", None), list)]
    changed = False
    for node in bodies:
        parts = [_split(child) for child in node.body]  # type: ignore[attr-defined]
        changed = changed or any(len(part) > 1 for part in parts)
        node.body = [child for part in parts for child in part]  # type: ignore[attr-defined]
    return tree if changed else None


def _split(node: ast.stmt) -> list[ast.stmt]:
    if not isinstance(node, ast.ClassDef) or node.decorator_list or "Test" in node.name:
        return [node]
    names = {x.id for child in node.body for x in ast.walk(child) if isinstance(x, ast.Name)}
    if node.name in names or not any(isinstance(x, _FUNCTIONS) for x in node.body):
        return [node]
    base = ast.ClassDef(f"{node.name}Base", node.bases, node.keywords, node.body, [])
    node.bases, node.keywords = [ast.Name(base.name, ast.Load())], []
    node.body = [ast.Pass()]
    return [base, node]


MUTATIONS: dict[str, Mutation] = {
    "rename_locals": rename_locals,
    "rename_classes": rename_classes,
    "alias_imports": alias_imports,
    "import_names": import_names,
    "wrap_methods": wrap_methods,
    "move_to_base": move_to_base,
}
