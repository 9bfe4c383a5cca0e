"""Where code stands: in a module, or in a test."""

from __future__ import annotations

import ast

from ._classes import class_of
from ._file import SourceFile

_RAISES = ("raises", "assertRaises", "assertRaisesRegex", "warns", "deprecated_call")


def in_module(file: SourceFile, node: ast.AST) -> bool:
    """Whether a node is in a method of a class of modules, as far as that can be told.

    Args:
        file: Where it is.
        node: Any.

    Returns:
        The verdict. A class whose bases are not seen is one of modules if it has a `forward`.
    """
    owner = class_of(file, node)
    if owner is None:
        return False
    verdict = owner.is_module()
    return owner.method("forward") is not None if verdict is None else verdict


def in_test(file: SourceFile, node: ast.AST) -> bool:
    """Whether a node is in a test: there, much is done on purpose.

    Args:
        file: Where it is.
        node: Any.

    Returns:
        Whether a function or class around it is named like a test, or a `with` around it expects
        an exception. A module that a test defines is none.
    """
    for above in file.ancestors(node):
        if isinstance(above, ast.With) and any(_expects(x.context_expr) for x in above.items):
            return True
        if isinstance(above, (ast.FunctionDef, ast.AsyncFunctionDef)):
            if above.name.startswith("test"):
                return True
        elif isinstance(above, ast.ClassDef):
            if above.name.startswith("Test") or above.name.endswith(("Test", "TestCase")):
                return True
            if in_module(file, above.body[0]):
                return False
    return False


def _expects(context: ast.expr) -> bool:
    function = context.func if isinstance(context, ast.Call) else context
    name = getattr(function, "attr", getattr(function, "id", ""))
    return name in _RAISES
