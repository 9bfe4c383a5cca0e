"""Write the stream as raw bytes to standard output, for dieharder, PractRand or TestU01.

    python tests/long/stream_to_stdout.py bits | dieharder -g 200 -a
    python tests/long/stream_to_stdout.py keep | RNG_test stdin8

`bits` are the first digits (level 0) in element order, of one seed: the bytes that decide almost
every element. `keep` are masks at p = 0.5, eight elements to a byte, the first one in the highest
bit, from call after call of the kernel in use, each with a seed of its own. Without `--bytes` it
goes on until the reader stops.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from itertools import count

import numpy as np
import torch

from torchdrop.kernels import draw_seed, masked_scale_out
from torchdrop.kernels._stream import philox

_BLOCKS = 1 << 16


def bits(seed: int) -> Iterator[bytes]:
    """First digits, 16 to a block: the four words of a counter in little-endian order."""
    key = torch.tensor([seed & 0xFFFFFFFF, seed >> 32])
    for chunk in count():
        block = torch.arange(chunk * _BLOCKS, (chunk + 1) * _BLOCKS)
        nought = torch.zeros_like(block)
        words = philox(torch.stack((block & 0xFFFFFFFF, block >> 32, nought, nought)), key)
        yield words.T.numpy().astype("<u4").tobytes()


def keep(seed: int, elements: int) -> Iterator[bytes]:
    """Masks at p = 0.5 of `elements` each, as a training run would draw them."""
    generator = torch.Generator().manual_seed(seed)
    x, out = torch.ones(elements), torch.empty(elements)
    while True:
        call = draw_seed(torch.device("cpu"), generator)
        masked_scale_out(x, out, call, 0.5, 1.0)
        yield np.packbits((out != 0).numpy()).tobytes()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("what", choices=["bits", "keep"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--bytes", type=int, default=None, help="stop after so many")
    parser.add_argument(
        "--elements", type=int, default=1 << 20, help="of one call (keep); a multiple of 8"
    )
    settings = parser.parse_args()
    if settings.elements < 8 or settings.elements % 8:
        parser.error("--elements is a positive multiple of 8.")
    if not 0 <= settings.seed < 2**62:
        parser.error("--seed lies in [0, 2**62).")
    source = (
        bits(settings.seed) if settings.what == "bits" else keep(settings.seed, settings.elements)
    )
    _write(source, settings.bytes)


def _write(source: Iterator[bytes], limit: int | None) -> None:
    left = sys.maxsize if limit is None else limit
    try:
        for chunk in source:
            sys.stdout.buffer.write(chunk[:left])
            left -= len(chunk)
            if left <= 0:
                break
        sys.stdout.buffer.flush()
    except BrokenPipeError:  # the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
