"""Who made a call: the module whose forward is running, and the line outside of torch."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import FrameType

import torch
from torch import nn

_PACKAGES = tuple(
    f"{Path(path).resolve().parent}{os.sep}" for path in (torch.__file__, Path(__file__).parent)
)


def outwards(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield a frame and those that called it, the innermost first."""
    while frame is not None:
        yield frame
        frame = frame.f_back


def calling_module(
    frame: FrameType | None, names: Mapping[nn.Module, str] | None
) -> nn.Module | None:
    """Find the innermost module whose code is running.

    Frames are asked, not hooks: hooks would switch off the fast paths of torch's transformer.

    Args:
        frame: Where to begin.
        names: The modules to look for; `None` means any.

    Returns:
        The first module that is the first argument of a function on the stack, as `self` is in a
        forward; `None` if there is none.
    """
    for outer in outwards(frame):
        code = outer.f_code
        if not code.co_argcount:
            continue
        first = outer.f_locals.get(code.co_varnames[0])
        if isinstance(first, nn.Module) and (names is None or first in names):
            return first
    return None


def place(frame: FrameType | None) -> str | None:
    """Name the innermost line outside of torch and torchdrop, as "file.py:12"."""
    for outer in outwards(frame):
        if not outer.f_code.co_filename.startswith(_PACKAGES):
            return f"{_short(outer.f_code.co_filename)}:{outer.f_lineno}"
    return None


def _short(path: str) -> str:
    """Relative to the working directory where it lies inside, else as it is."""
    here = f"{os.getcwd()}{os.sep}"
    return path[len(here) :] if path.startswith(here) else path
