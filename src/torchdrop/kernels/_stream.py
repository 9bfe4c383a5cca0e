"""The mask stream, version 1: which elements are kept, as a pure function of seed and index.

This file is the specification; it is written to be read and to be written again in another
language. Every faster kernel must equal it bit for bit.

Element `i` (its row-major logical index, whatever the strides) owns a 32-bit number `u` whose
four digits in base 256 are drawn apart, the most significant digit (level 0) first:

```
block, lane = i // 16, i % 16
words       = philox4x32_10(counter=(block & 0xFFFFFFFF, block >> 32, level, 0), key=seed)
digit       = (words[lane // 4] >> (8 * (lane % 4))) & 0xFF
u           = digit[0] << 24 | digit[1] << 16 | digit[2] << 8 | digit[3]
```

The element is kept if `u < K`, where `K = round((1 - p) * 2**32)`. So P(keep) is K / 2**32
exactly, and for one seed a larger p drops a superset of what a smaller p drops. One block of 16
bytes gives the first digits of 16 elements, and those alone decide all but one element in 256:
that is what a fast kernel exploits.

Source:
    Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC11): Philox4x32-10, with the
    constants and the key schedule of Random123. The digits are ours.
"""

from __future__ import annotations

from typing import overload

import torch
from torch import Tensor

STREAM_VERSION = 1
SEED_BITS = 62

_MASK = 0xFFFFFFFF
_MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
_KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
_ROUNDS = 10
_LANES = 16
_LEVELS = 4


def philox(counter: Tensor, key: Tensor) -> Tensor:
    """Encrypt counters with Philox4x32-10.

    Args:
        counter: int64, shape `(4, N)`: N counters of four words, each in `[0, 2**32)`.
        key: int64, shape `(2,)`: two words in `[0, 2**32)`.

    Returns:
        int64, shape `(4, N)`: four words of random bits per counter, each in `[0, 2**32)`.
    """
    multipliers = key.new_tensor(_MULTIPLIERS).unsqueeze(1)
    rounds = torch.arange(_ROUNDS, device=key.device).unsqueeze(1)
    keys = (key + rounds * key.new_tensor(_KEY_STEPS)) & _MASK
    even, odd = counter[0::2], counter[1::2]
    for round_key in keys.unsqueeze(2).unbind():
        # int64 products wrap, yet all 64 bits are there: the mask undoes the sign extension.
        product = even * multipliers
        even = ((product >> 32) & _MASK).flip(0) ^ odd ^ round_key
        odd = (product & _MASK).flip(0)
    return torch.stack((even[0], odd[0], even[1], odd[1]))


def uniform_bits(seed: Tensor, count: int, *, start: int = 0) -> Tensor:
    """Draw the 32-bit numbers of `count` consecutive elements.

    Args:
        seed: int64, one element, in `[0, 2**62)`.
        count: How many elements.
        start: Logical index of the first element.

    Returns:
        int64, shape `(count,)`, uniform over `[0, 2**32)`, on the seed's device.
    """
    first, last = start // _LANES, -(-(start + count) // _LANES)
    block = torch.arange(first, last, device=seed.device)
    level = torch.arange(_LEVELS, device=seed.device)
    counter = torch.stack(
        (
            (block & _MASK).repeat(_LEVELS),
            (block >> 32).repeat(_LEVELS),
            level.repeat_interleave(len(block)),
            block.new_zeros(_LEVELS * len(block)),
        )
    )
    seed = seed.reshape(())
    words = philox(counter, torch.stack((seed & _MASK, seed >> 32)))
    words = words.reshape(4, _LEVELS, len(block)).permute(1, 2, 0)
    shifts = torch.arange(0, 32, 8, device=seed.device)
    digits = ((words.unsqueeze(-1) >> shifts) & 0xFF).reshape(_LEVELS, len(block) * _LANES)
    bits = (digits << shifts.flip(0).unsqueeze(1)).sum(0)
    return bits[start % _LANES :][:count]


@overload
def keep_threshold(p: float) -> int: ...
@overload
def keep_threshold(p: Tensor) -> Tensor: ...
def keep_threshold(p: float | Tensor) -> int | Tensor:
    """The number K for which an element is kept if its bits are below it, in `[0, 2**32]`."""
    if isinstance(p, Tensor):
        return torch.round((1.0 - p.to(torch.float64)) * 2**32).to(torch.int64)
    return round((1.0 - p) * 2**32)


@overload
def keep_probability(p: float) -> float: ...
@overload
def keep_probability(p: Tensor) -> Tensor: ...
def keep_probability(p: float | Tensor) -> float | Tensor:
    """The probability of keeping that is realized for `p`: `1 - p` to within 2**-33."""
    if isinstance(p, Tensor):
        return keep_threshold(p).to(torch.float64) / 2**32
    return keep_threshold(p) / 2**32


def keep_mask(seed: Tensor, count: int, p: float, *, start: int = 0) -> Tensor:
    """Say which of `count` consecutive elements are kept.

    Args:
        seed: int64, one element, in `[0, 2**62)`; see `draw_seed`.
        count: How many elements.
        p: Probability of dropping, in `[0, 1]`. Not the keep rate.
        start: Logical index of the first element.

    Returns:
        bool, shape `(count,)`: true where the element is kept.

    Example:
        >>> import torch
        >>> seed = torch.tensor(7)
        >>> whole = keep_mask(seed, 100, 0.5)
        >>> torch.equal(whole[40:], keep_mask(seed, 60, 0.5, start=40))
        True
    """
    return uniform_bits(seed, count, start=start) < keep_threshold(p)


def draw_seed(device: torch.device, generator: torch.Generator | None = None) -> Tensor:
    """Draw a fresh seed from torch's own generator.

    Args:
        device: Where the seed and the masks shall live.
        generator: Source of the seed, on `device`; `None` uses torch's global one.

    Returns:
        int64, shape `(1,)`, uniform over `[0, 2**62)`.
    """
    return torch.randint(2**SEED_BITS, (1,), device=device, generator=generator)
