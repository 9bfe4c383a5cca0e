"""Read places in source code: where a call is, and how it is written."""

from __future__ import annotations

import ast
import linecache
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import FrameType

import torch

from ._built_at import short
from ._draft import Line

_HERE = Path(__file__).resolve()
_RUNNING = str(_HERE.with_name("_subject.py"))
"""What calls the model: beyond it is whoever asked for the audit."""

_PACKAGES = tuple(f"{path}{os.sep}" for path in (_HERE.parents[2], Path(torch.__file__).parent))


def line_of(frame: FrameType | None) -> Line | None:
    """Find the line of the model's code that leads to a frame.

    Args:
        frame: The innermost one, of a function that a model has called.

    Returns:
        The innermost line outside of torch and torchdrop; `None` where all code in between is
        theirs, as in a model of torch's own layers.
    """
    while frame is not None and frame.f_code.co_filename != _RUNNING:
        path = frame.f_code.co_filename
        if not path.startswith(_PACKAGES):
            return short(path), frame.f_lineno
        frame = frame.f_back
    return None


def says_training(line: Line | None) -> bool:
    """Whether the call at a line says literally that it always drops: `training=True`.

    Args:
        line: Of a call of a dropout function, as the interpreter names it.

    Returns:
        The verdict; `False` where the source cannot be read.
    """
    return line is not None and any(_is_literal(call) for call in _calls(*line))


def _calls(path: str, number: int) -> Iterator[ast.Call]:
    tree = _tree(path)
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.Call) and node.lineno <= number <= (node.end_lineno or node.lineno):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
            name = node.func.id if isinstance(node.func, ast.Name) else name
            if "dropout" in name.lower():
                yield node


def _is_literal(call: ast.Call) -> bool:
    flags = [word.value for word in call.keywords if word.arg in ("training", "train")]
    flags += call.args[2:3]
    return any(isinstance(flag, ast.Constant) and flag.value is True for flag in flags)


@cache
def _tree(path: str) -> ast.AST | None:
    try:
        return ast.parse("".join(linecache.getlines(path)))
    except (SyntaxError, ValueError):
        return None
