"""What code is for: evaluation, tests, a framework's hooks, or something that is meant."""

from __future__ import annotations

import ast
import re

from ._classes import class_of
from ._file import SourceFile
from ._nodes import walk
from ._scopes import Scope

_EVALUATION = {
    *("eval", "evaluate", "evaluation", "evaluating", "valid", "validate", "validation", "val"),
    *("test", "testing", "inference", "infer", "accuracy"),
}
_HELD_OUT = {"val", "valid", "validation", "test", "eval", "dev", "holdout", "heldout"}
_OWNERS = (
    *("lightning", "pytorch_lightning", "lightning_fabric", "ignite", "fastai", "skorch"),
    *("catalyst", "composer", "mmengine", "mmcv", "keras", "flash", "poutyne", "torchbearer"),
)
_HOOKS = ("training_step", "validation_step", "configure_optimizers", "prediction_step")
_MEANT = re.compile(
    r"always[- ]on|intention|intended|on purpose|purposely|deliberate|by design|froz|freez"
    r"|fix(ed)? (the )?(batch|bn|statistic)|keep\w* (the )?(batch|bn|dropout|statistic|model in)"
    r"|no dropout|without dropout|disable\w* dropout",
    re.IGNORECASE,
)
_SAMPLING = re.compile(r"mc[- ]?dropout|monte[- ]carlo", re.IGNORECASE)


def words(name: str) -> set[str]:
    """The words of a name: `validateOne_epoch` has `validate`, `one` and `epoch`."""
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)
    return {part.lower() for part in parts}


def is_evaluation(file: SourceFile, node: ast.AST) -> bool:
    """Whether a node stands in a function or a loop that says it evaluates.

    Args:
        file: Where it is.
        node: Any.

    Returns:
        `True` in a function named for it, unless that is a unit test, and in a loop over
        something named for it.
    """
    function = file.function_of(node)
    if is_unit_test(file, function):
        return False
    for above in file.ancestors(node):
        if isinstance(above, (ast.FunctionDef, ast.AsyncFunctionDef)):
            break
        loops = getattr(above, "generators", None) or [above]
        for loop in loops:
            iterated = getattr(loop, "iter", None)
            if iterated is not None and _names_in(iterated) & _HELD_OUT:
                return True
    return function is not None and bool(words(function.name) & _EVALUATION)


def is_unit_test(file: SourceFile, function: ast.AST | None) -> bool:
    """Whether a function is one that pytest or unittest runs, or its file is."""
    stem = re.split(r"[\\/]", file.path)[-1]
    if stem.startswith("test_") or stem.endswith("_test.py") or stem == "conftest.py":
        return True
    if function is None:
        return False
    name = str(getattr(function, "name", ""))
    looped = any(isinstance(x, (ast.For, ast.AsyncFor)) for x in walk(function))
    return name.startswith("test_") and not looped


def owned_by_framework(file: SourceFile, node: ast.AST) -> bool:
    """Whether a framework switches modes there, as Lightning does."""
    owner = class_of(file, node)
    if owner is not None:
        if owner.is_framework_module() or any(owner.method(hook) for hook in _HOOKS):
            return True
        if any(base.rpartition(".")[2].endswith("Trainer") for base in owner.bases()):
            return True
    return any(_is_owner(name) for name in _imported(file))


def imports(file: SourceFile, *packages: str) -> bool:
    """Whether a file imports from one of these packages, or one of these names."""
    return any(name.startswith(packages) for name in _imported(file))


def _imported(file: SourceFile) -> set[str]:
    scope = file.opened_by(file.tree)
    scope = scope or Scope(file.tree)
    return {b.qualified for bound in scope.names.values() for b in bound if b.kind == "import"}


def _is_owner(name: str) -> bool:
    first = name.partition(".")[0]
    trainer = name.endswith("Trainer") and first in ("transformers", "trl", "sentence_transformers")
    return first in _OWNERS or trainer


def is_meant(file: SourceFile, node: ast.AST) -> bool:
    """Whether a comment on a node's lines, or just above, says that it is so on purpose."""
    return any(_MEANT.search(comment) for comment in _comments(file, node))


def is_sampled(file: SourceFile, node: ast.AST) -> bool:
    """Whether a comment at a node speaks of Monte Carlo dropout."""
    return any(_SAMPLING.search(comment) for comment in _comments(file, node))


def _comments(file: SourceFile, node: ast.AST) -> list[str]:
    lines = file.text.splitlines()
    first, last = getattr(node, "lineno", 1), getattr(node, "end_lineno", None) or 1
    above = first - 2
    found = list(lines[first - 1 : last])
    while above >= 0 and lines[above].lstrip().startswith("#"):
        found.append(lines[above])
        above -= 1
    return [line.partition("#")[2] for line in found if "#" in line]


def _names_in(expression: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in walk(expression):
        if isinstance(node, ast.Name):
            found |= words(node.id)
        elif isinstance(node, ast.Attribute):
            found |= words(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= words(node.value)
    return found
