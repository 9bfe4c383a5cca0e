"""Find the line that builds a layer: where its owner's class assigns it."""

from __future__ import annotations

import ast
import inspect
import os
import textwrap
from collections.abc import Callable
from functools import cache

from torch import nn

from ._draft import Line


def built_at(model: nn.Module, name: str) -> Line | None:
    """Find where the code of a model builds a layer.

    Args:
        model: That holds it.
        name: The layer's qualified name.

    Returns:
        The line that assigns it to its owner, or to the nearest attribute around it; failing that,
        the line of that owner's class. `None` if that is torch's or cannot be read.
    """
    parts = name.split(".") if name else []
    for length in range(len(parts) - 1, -1, -1):
        owner = _submodule(model, parts[:length])
        if owner is None or _is_foreign(type(owner)):
            continue
        attribute = parts[length].partition("[")[0]
        return assigned_at(type(owner), attribute) or class_line(type(owner))
    return class_line(type(model)) if not name else None


def class_line(kind: type) -> Line | None:
    """Find the first line of a class; `None` for torch's, torchdrop's, and classes of no file."""
    found = None if _is_foreign(kind) else _source(kind)
    return found[:2] if found else None


def assigned_at(kind: type, attribute: str) -> Line | None:
    """Find the line of a class, or of one it is built on, that assigns `self.attribute`."""
    for base in kind.__mro__:
        found = None if _is_foreign(base) else _source(base)
        for node in ast.walk(found[2]) if found else ():
            if found and _assigns(node, attribute):
                return found[0], found[1] + getattr(node, "lineno", 1) - 1
    return None


def _read(kind: type) -> tuple[str, int, ast.AST] | None:
    try:
        path = inspect.getsourcefile(kind)
        lines, line = inspect.getsourcelines(kind)
        tree = ast.parse(textwrap.dedent("".join(lines)))
    except (OSError, TypeError, SyntaxError):
        return None
    return (short(path), line, tree) if path else None


_source: Callable[[type], tuple[str, int, ast.AST] | None] = cache(_read)


def _assigns(node: ast.AST, attribute: str) -> bool:
    targets = node.targets if isinstance(node, ast.Assign) else []
    if isinstance(node, ast.AnnAssign):
        targets = [node.target]
    return any(
        isinstance(target, ast.Attribute)
        and target.attr == attribute
        and isinstance(target.value, ast.Name)
        for target in targets
    )


def _submodule(model: nn.Module, parts: list[str]) -> nn.Module | None:
    for part in parts:
        inner = model._modules.get(part)
        if inner is None:
            return None
        model = inner
    return model


def short(path: str) -> str:
    """Give a path relative to the working directory, where it lies inside."""
    return path.removeprefix(f"{os.getcwd()}{os.sep}")


def _is_foreign(kind: type) -> bool:
    return kind.__module__.partition(".")[0] in {"torch", "torchdrop", "builtins"}
