"""Layers that drop blocks of a map, samples of a branch, or layers of a stack."""

from torch import nn

from torchdrop.nn import (
    DropBlock1d,
    DropBlock2d,
    DropBlock3d,
    DropPath,
    LayerDrop,
    StochasticDepth,
)

from ._case import Case

_IMAGES = (4, 5, 9, 8)


def _stack(p: float) -> nn.Module:
    return LayerDrop([nn.Linear(25, 25) for _ in range(4)], p)


# Elements of a map share blocks: only the maps of one mask are independent of each other.
CASES = {
    "DropBlock1d": Case(lambda p: DropBlock1d(p, 4), (4, 5, 24), draws=20),
    "DropBlock2d": Case(lambda p: DropBlock2d(p, 4), _IMAGES, draws=20),
    "DropBlock2d-inplace": Case(lambda p: DropBlock2d(p, 3, inplace=True), _IMAGES, draws=20),
    "DropBlock2d-axes": Case(lambda p: DropBlock2d(p, (3, 12)), _IMAGES, draws=20),
    "DropBlock2d-shared": Case(lambda p: DropBlock2d(p, 3, per_channel=False), _IMAGES, draws=4),
    "DropBlock2d-count": Case(
        lambda p: DropBlock2d(p, 3, scale="count"),
        _IMAGES,
        draws=20,
        keeps_mean=False,  # a sample that is dropped whole is not made up for
    ),
    "DropBlock2d-eval": Case(
        lambda p: DropBlock2d(p, 3, scale="eval"),
        _IMAGES,
        draws=20,
        passes_through=False,  # evaluation rescales
    ),
    "DropBlock3d": Case(lambda p: DropBlock3d(p, 3), (2, 5, 4, 6, 5), draws=10),
    "DropPath": Case(DropPath, draws=16),
    "DropPath-batch": Case(lambda p: DropPath(p, "batch"), draws=1),
    "StochasticDepth": Case(lambda p: StochasticDepth(p, "row"), draws=16),
    "LayerDrop": Case(
        _stack,
        passes_through=False,  # the layers run in evaluation,
        drops=False,  # what is skipped is a layer, not an element,
        keeps_mean=False,  # and nothing is rescaled, as in the paper
    ),
}
