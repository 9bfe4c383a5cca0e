"""Recognize torchdrop's own functions at work: by the seed that each mask draws."""

from __future__ import annotations

from dataclasses import dataclass
from types import FrameType

from .. import functional, kernels
from ._frames import outwards
from ._modules import as_number

_FUNCTIONS = f"{functional.__name__}."
_KERNELS = f"{kernels.__name__}."


@dataclass(frozen=True, slots=True)
class Draw:
    """A mask that one of torchdrop's functions draws."""

    what: str
    rates: dict[str, float | None]


def draw(frame: FrameType) -> Draw | None:
    """Tell whether torchdrop draws a seed here, and for which function.

    Args:
        frame: That called `Tensor.random_`.

    Returns:
        The outermost of torchdrop's functions on the stack and the rates it was called with;
        `None` if somebody else draws.
    """
    if not _module(frame).startswith(_KERNELS):
        return None
    found: FrameType | None = None
    for outer in outwards(frame.f_back):
        if _module(outer).startswith(_FUNCTIONS):
            found = outer
        elif not _module(outer).startswith(_KERNELS):
            break
    if found is None:
        return Draw("mask", {})
    names = ("p", "p_recurrent")
    rates = {n: as_number(found.f_locals[n]) for n in names if n in found.f_locals}
    return Draw(f"{found.f_code.co_name}()", rates)


def _module(frame: FrameType) -> str:
    return str(frame.f_globals.get("__name__", ""))
