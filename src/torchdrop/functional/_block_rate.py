"""How often blocks must start for a given share of a map to be covered.

Blocks of `b` places start within a map of `h` so that they fit, each start with probability
`gamma`. Along one axis, place `i` is covered by `c_i = min(i + 1, b, h - b + 1, h - i)` starts,
along several by the product `c`. So the share that is kept is `mean((1 - gamma)**c)`, exactly, and
`gamma` follows from it.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

from ..kernels import is_plain, keep_probability

_STEPS = 12
_ALMOST_ONE = 1 - 2**-53


def start_rate(
    p: float | Tensor, block: tuple[int, ...], sizes: tuple[int, ...], x: Tensor
) -> tuple[float | Tensor, float | Tensor]:
    """Find the rate of starting blocks that drops a share `p` of a map.

    Args:
        p: Expected share to drop, in `[0, 1]`.
        block: Size of a block along each axis, none larger than the map.
        sizes: Of the map.
        x: What it is for.

    Returns:
        The probability that a block starts at a place where it fits, and the expected share that
        is kept once that probability is rounded to the stream's steps of `2**-32`; numbers where
        `p` is a number and nothing traces or batches, else float64 tensors of no axes.
    """
    if not isinstance(p, Tensor) and is_plain(x):
        return _known_start_rate(p, block, sizes)
    return _solve(torch.as_tensor(p, dtype=torch.float64, device=x.device), block, sizes)


@lru_cache(maxsize=1024)
def _known_start_rate(
    p: float, block: tuple[int, ...], sizes: tuple[int, ...]
) -> tuple[float, float]:
    gamma, kept = _solve(torch.tensor(p, dtype=torch.float64, device="cpu"), block, sizes)
    return gamma.item(), kept.item()


def _solve(p: Tensor, block: tuple[int, ...], sizes: tuple[int, ...]) -> tuple[Tensor, Tensor]:
    """Solve for `s = -log(1 - gamma)`.

    `log mean(exp(-c * s))` is convex and falls, so Newton's steps from 0 rise to its root and never
    pass it; in twelve they reach float64's precision from p = 1e-9 to 1 - 2**-53, on blocks of up
    to 50 x 50 x 50. The number of steps is fixed for the sake of compilers and `vmap`.
    """
    covers, shares = _coverage(block, sizes, p.device)
    target = torch.log1p(-p.reshape(()).clamp(max=_ALMOST_ONE))
    s = torch.zeros_like(target)
    for _ in range(_STEPS):
        terms = shares.log() - covers * s
        s = s + (terms.logsumexp(0) - target) / (terms.softmax(0) * covers).sum()
    gamma = torch.where(p.reshape(()) < 1, -torch.expm1(-s), 1.0)
    return gamma, (shares * keep_probability(gamma) ** covers).sum()


def _coverage(
    block: tuple[int, ...], sizes: tuple[int, ...], device: torch.device
) -> tuple[Tensor, Tensor]:
    """By how many starts places are covered, and which share of the map each number has.

    Along an axis the numbers rise from 1 to their maximum and fall again: each is there twice,
    the maximum as often as is left.
    """
    covers = shares = torch.ones(1, dtype=torch.float64, device=device)
    for length, size in zip(block, sizes, strict=True):
        most = min(length, size - length + 1)
        along = torch.arange(1, most + 1, dtype=torch.float64, device=device)
        times = torch.where(along < most, 2, size - 2 * (most - 1))
        covers = torch.outer(covers, along).flatten()
        shares = torch.outer(shares, times.double() / size).flatten()
    return covers, shares
