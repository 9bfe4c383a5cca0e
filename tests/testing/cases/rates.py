"""Dropouts that drop at another rate than they were asked for, or scale otherwise."""

import torch
from torch import Tensor, nn

from ._case import Case, Layer


class EightBits(Layer):
    """As TransformerEngine: a threshold of 8 bits, and the scale of the p that was asked for."""

    def keep(self, x: Tensor) -> Tensor:
        return torch.randint(256, x.shape) >= int(256 * self.p)


class Floor(Layer):
    """As FlashAttention-2: at least one value in 256 drops, however small p is."""

    def keep(self, x: Tensor) -> Tensor:
        return torch.randint(256, x.shape) <= int(255 * (1 - self.p)) - (self.p == 1)


class OverlappingBlocks(Layer):
    """As timm's DropBlock: the rate is for blocks that fit, but they start anywhere."""

    def keep(self, x: Tensor) -> Tensor:
        *_, height, width = x.shape
        size = min(7, height, width)
        fitting = (height - size + 1) * (width - size + 1)
        start = min(1.0, self.p / size**2 * height * width / fitting)
        seeds = torch.rand(x.shape) < start
        return nn.functional.max_pool2d(seeds.float(), size, 1, size // 2) == 0


class Unscaled(Layer):
    """As torchtune's LayerDropout: what is kept is not scaled up."""

    def select(self, x: Tensor, keep: Tensor) -> Tensor:
        return x.where(keep, 0.0)


class PrefersLarge(Layer):
    """Drops at the rate p over all, but large inputs more often than small ones."""

    def keep(self, x: Tensor) -> Tensor:
        # Inputs lie between 1 and 2.
        return torch.rand(x.shape) >= self.p + 0.6 * min(self.p, 1 - self.p) * (x.float() - 1.5)


CASES = {
    "TransformerEngine-8-bits": Case(EightBits, "keep rate", ("expectation",)),
    "FlashAttention-floor": Case(Floor, "keep rate", ("expectation",)),
    # A block is told by shared_axes, and what of it overhangs an edge is not shared.
    "timm-DropBlock-7x7": Case(
        OverlappingBlocks,
        "keep rate",
        ("expectation",),
        {"shape": (64, 4, 7, 7), "shared_axes": (2, 3), "expect": ("shared axes",)},
    ),
    "torchtune-unscaled": Case(Unscaled, "scale", ("expectation",)),
    "prefers-large": Case(PrefersLarge, "expectation"),
}
