"""Seeds: how they are drawn, and the form they take.

A seed is a number where tensors are plain: then the kernel is called directly, and a tensor of one
element would cost more than a small mask. Under a transform it is a tensor, which compilers can
trace and vmap can batch. Both forms are the same draw from the same generator.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

import torch
from torch import Tensor

from ._stream import SEED_BITS, draw_seed

Seed: TypeAlias = int | Tensor


def is_plain(x: Tensor) -> bool:
    """Whether `x` has memory of its own and nothing watches what is done to it.

    If not (a compiler or a transform at work, a dispatch mode such as that of fake tensors, a
    subclass of tensor), the call must go through torch's dispatcher.
    """
    return not (
        type(x) not in (Tensor, torch.nn.Parameter)
        or torch.compiler.is_compiling()
        or torch._C._are_functorch_transforms_active()
        or torch._C._len_torch_dispatch_stack()
    )


def seed_for(x: Tensor, generator: torch.Generator | None = None) -> Seed:
    """Draw a fresh seed for a mask of `x` from torch's own generator.

    Args:
        x: What the mask is for.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.

    Returns:
        Uniform over `[0, 2**62)`: a number if `x` is plain and on the CPU, else an int64 tensor
        of shape `(1,)` on the device of `x`. The draw is the same.
    """
    if _scratch.given is not None:
        return next(_scratch.given)
    if x.is_cpu and is_plain(x):
        draw: int = _scratch.seed.random_(0, 2**SEED_BITS, generator=generator).item()  # type: ignore[assignment]
        return draw
    return draw_seed(x.device, generator)


def seeds_for(x: Tensor, count: int, generator: torch.Generator | None = None) -> Tensor:
    """Draw several seeds at once: those that as many calls of `seed_for` would draw.

    Args:
        x: What the masks are for.
        count: How many, at least 1.
        generator: As in `seed_for`.

    Returns:
        int64, shape `(count,)`, on the device of `x`.
    """
    if _scratch.given is None and x.is_cpu and is_plain(x):
        return torch.empty(count, dtype=torch.int64).random_(0, 2**SEED_BITS, generator=generator)
    return torch.cat([seed_tensor(seed_for(x, generator), x.device) for _ in range(count)])


def seed_tensor(seed: Seed, device: torch.device) -> Tensor:
    """Give a seed the form of a tensor.

    Args:
        seed: A number, or a tensor, which is given back.
        device: Where the tensor shall be.

    Returns:
        int64, shape `(1,)`.
    """
    return torch.tensor([seed], device=device) if isinstance(seed, int) else seed


@contextmanager
def given_seeds(seeds: Iterable[Tensor]) -> Iterator[None]:
    """Let the masks inside the block, in this thread, take these seeds instead of drawing some.

    Args:
        seeds: int64 tensors of one element, one for each draw, in order.

    Yields:
        Nothing.
    """
    before = _scratch.given
    _scratch.given = (seed.reshape(1) for seed in seeds)
    try:
        yield
    finally:
        _scratch.given = before


class _Scratch(threading.local):
    """What each thread has of its own."""

    def __init__(self) -> None:
        # To draw into: allocating a tensor costs as much as the draw.
        self.seed = torch.empty(1, dtype=torch.int64)
        # To take instead of drawing.
        self.given: Iterator[Tensor] | None = None


_scratch = _Scratch()
