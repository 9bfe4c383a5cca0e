"""Print asked against realized rates of DropBlock: `python -m tests.long.drop_block_rates`.

The law is computed here by another route than the package takes: by laying every block on the map.
The peers' figures were measured once, for the project's research note: torchvision 0.29.1, timm
1.0.31, and the repository miguelvr/dropblock.
"""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass

import torch
from torch import Tensor

from torchdrop.functional import drop_block2d

Z = 5.0
_CHUNK = 1 << 24


@dataclass(frozen=True)
class Row:
    """A square map, a block, a rate, and what three peers made of it."""

    size: int
    block: int
    p: float
    torchvision: str = "-"
    timm: str = "-"
    miguelvr: str = "-"

    def __str__(self) -> str:
        return f"{self.size} x {self.size}, {self.block}, {self.p}"


ROWS = (
    Row(7, 7, 0.1, ".095-.101", ".930", ".053"),
    Row(8, 7, 0.1, ".096", ".623", ".058"),
    Row(14, 7, 0.1, ".092", ".216", ".074"),
    Row(14, 7, 0.25, ".208", ".446", ".175"),
    Row(28, 7, 0.25, ".220", ".312", ".199"),
    Row(28, 7, 0.5, ".370"),
    Row(14, 3, 0.25, ".221", ".270", ".206"),
    Row(14, 3, 0.9),
)


def starts_covering(block: tuple[int, ...], sizes: tuple[int, ...]) -> Tensor:
    """List the starts of blocks that cover each element: float64, `(elements, starts)`, 0 or 1."""
    fits = [size - length + 1 for length, size in zip(block, sizes, strict=True)]
    columns = []
    for start in torch.cartesian_prod(*map(torch.arange, fits)).reshape(-1, len(sizes)).tolist():
        covered = torch.zeros(sizes, dtype=torch.float64)
        covered[tuple(slice(i, i + length) for i, length in zip(start, block, strict=True))] = 1
        columns.append(covered.flatten())
    return torch.stack(columns, dim=1)


def expected_rate(gamma: float, block: tuple[int, ...], sizes: tuple[int, ...]) -> float:
    """Give the share that is dropped in expectation, by the law."""
    counts = starts_covering(block, sizes).sum(1)
    return 1 - ((1 - gamma) ** counts).mean().item()


def paper_gamma(p: float, block: int, size: int) -> float:
    """Give the rate of starts that the paper derives by neglecting overlaps: equation 1."""
    return p / block**2 * size**2 / (size - block + 1) ** 2


def deviation(p: float, block: int, size: int) -> float:
    """Give the standard deviation of the share dropped in one map, by the law.

    Two elements are both kept if none of the starts that cover either is drawn.
    """
    cover = starts_covering((block, block), (size, size))
    counts = cover.sum(1)
    union = counts + counts.unsqueeze(1) - cover @ cover.T
    low, high = 0.0, 1.0
    for _ in range(60):
        gamma = (low + high) / 2
        above = 1 - ((1 - gamma) ** counts).mean().item() > p
        low, high = (low, gamma) if above else (gamma, high)
    return math.sqrt(max(((1 - low) ** union).mean().item() - (1 - p) ** 2, 0.0))


def maps_needed(row: Row, relative: float) -> int:
    """Give how many maps bring `Z` standard errors down to a share of p."""
    return math.ceil((Z * deviation(row.p, row.block, row.size) / (relative * row.p)) ** 2)


def sampled_rate(row: Row, maps: int) -> float:
    """Drop blocks in so many maps, from a fixed seed, and give the share that was dropped."""
    generator = torch.Generator().manual_seed(row.size)
    at_once = _CHUNK // row.size**2
    dropped = 0
    for first in range(0, maps, at_once):
        x = torch.ones(1, min(at_once, maps - first), row.size, row.size)
        y = drop_block2d(x, row.p, row.block, training=True, generator=generator)
        dropped += x.numel() - int(y.count_nonzero())
    return dropped / (maps * row.size**2)


def main() -> None:
    """Print the table that stands in `docs/layers/drop_block.md`."""
    head = (
        "map, block | asked | torchdrop | 5 standard errors | torchvision | timm | miguelvr | paper"
    )
    cells = head.split(" | ")
    sys.stdout.write(f"| {head} |\n|{'---|' * len(cells)}\n")
    for row in ROWS:
        maps = maps_needed(row, 0.005)
        bound = Z * deviation(row.p, row.block, row.size) / math.sqrt(maps)
        gamma = paper_gamma(row.p, row.block, row.size)
        paper = expected_rate(gamma, (row.block,) * 2, (row.size,) * 2)
        sys.stdout.write(
            f"| {row.size} x {row.size}, {row.block} | {row.p} | **{sampled_rate(row, maps):.4f}** "
            f"| {bound:.4f} | {row.torchvision} | {row.timm} | {row.miguelvr} | {paper:.3f} |\n"
        )


if __name__ == "__main__":
    main()
