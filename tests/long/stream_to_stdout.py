"""Write the stream as raw bytes to standard output, for dieharder, PractRand or TestU01.

    python tests/long/stream_to_stdout.py bits | dieharder -g 200 -a
    python tests/long/stream_to_stdout.py keep | RNG_test stdin8

`bits` are the 32-bit numbers of the elements, in their order: all four digits. `keep` are masks at
p = 0.5, eight elements to a byte, the first one in the highest bit. Both go from call after call of
the kernel in use, each with a seed of its own. Without `--bytes` they go on until the reader stops.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator

import numpy as np
import torch

from torchdrop.kernels import draw_seed, masked_scale_out, uniform


def bits(seed: int, elements: int) -> Iterator[bytes]:
    """The numbers u of `elements` elements each, little-endian."""
    generator = torch.Generator().manual_seed(seed)
    cpu = torch.device("cpu")
    while True:
        numbers = uniform((elements,), draw_seed(cpu, generator), cpu)
        # (u + 1/2) / 2^32: the conversion cuts the half off.
        yield (numbers * 2**32).numpy().astype("<u4").tobytes()


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
        "--elements", type=int, default=1 << 20, help="of one call; a multiple of 8"
    )
    settings = parser.parse_args()
    if settings.elements < 8 or settings.elements % 8:
        parser.error("--elements is a positive multiple of 8.")
    if not 0 <= settings.seed < 2**62:
        parser.error("--seed lies in [0, 2**62).")
    source = bits if settings.what == "bits" else keep
    _write(source(settings.seed, settings.elements), settings.bytes)


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
