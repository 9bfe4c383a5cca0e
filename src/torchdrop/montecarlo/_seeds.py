"""Seeds of samples: a function of the run's seed, the sample and the rows."""

from __future__ import annotations

import hashlib

from ..kernels import SEED_BITS


def sample_seed(seed: int, sample: int, block: int | None) -> int:
    """Give the seed from which a sample draws all its masks for some rows.

    Args:
        seed: Of all samples, in `[0, 2**62)`.
        sample: Its number, from 0.
        block: Number of the rows' block, from 0; `None` where all rows share their masks.

    Returns:
        In `[0, 2**62)`; different arguments give independent seeds.
    """
    text = f"torchdrop montecarlo 1: {seed} {sample} {'all' if block is None else block}"
    digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
    number = int.from_bytes(digest, "little")
    return number % (1 << SEED_BITS)


def call_seed(seed: int, call: int) -> int:
    """Give the seed of one mask of a sample.

    The next number for the next call: the mask stream is a cipher with the seed as its key, so
    that neighbors are as far apart as any.

    Args:
        seed: Of the sample, in `[0, 2**62)`.
        call: How many masks the sample has drawn before, in one pass.

    Returns:
        In `[0, 2**62)`.
    """
    return (seed + call) % (1 << SEED_BITS)
