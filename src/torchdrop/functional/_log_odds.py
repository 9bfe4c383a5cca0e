"""Probabilities as log-odds, the form in which they are learned."""

from __future__ import annotations

import math

import torch
from torch import Tensor

# Beyond this, 1 - p is 1 even in float64; within, it is never 0 even in float32.
_BOUND = 40.0


def log_odds(p: float) -> float:
    """Give `log(p / (1 - p))`, bounded to `[-40, 40]` so that no parameter is infinite.

    Args:
        p: A probability, in `[0, 1]`.

    Returns:
        A number whose sigmoid is `p`.
    """
    if p in (0.0, 1.0):
        return math.copysign(_BOUND, p - 0.5)
    return max(-_BOUND, min(_BOUND, math.log(p) - math.log1p(-p)))


def bounded(logit: Tensor) -> Tensor:
    """Clamp log-odds to `[-40, 40]`, in float32 or wider."""
    return widened(logit).clamp(-_BOUND, _BOUND)


def widened(x: Tensor) -> Tensor:
    """Give a tensor in float32, if its dtype is a narrower one."""
    return x.to(torch.promote_types(x.dtype, torch.float32))
