"""Dropouts that fail at the ends of the range, or for numbers that are none."""

import torch
from torch import Tensor, nn

from ._case import Case, Layer


class Multiplies(Layer):
    """As `torch.nn.Dropout` and most others: 0 times infinity is NaN."""

    def select(self, x: Tensor, keep: Tensor) -> Tensor:
        scaled = x.float() * (1 / (1 - self.p) if self.p < 1 else 1.0)
        return (scaled * keep).to(x.dtype)


class DividesByZero(Layer):
    """As Keras' GaussianDropout and AlphaDropout: p = 1 is taken, and the call crashes."""

    def select(self, x: Tensor, keep: Tensor) -> Tensor:
        return (x.float() * (1 / (1 - self.p))).where(keep, 0.0).to(x.dtype)


class ZeroMeansDefault(Layer):
    """p = 0 is false, and so are settings that are absent."""

    def keep(self, x: Tensor) -> Tensor:
        return torch.rand(x.shape) >= (self.p or 0.5)


class AsksLate(Layer):
    """As timm's DropPath: any number is taken, and the first call in training fails."""

    def __init__(self, p: float = 0.5) -> None:
        nn.Module.__init__(self)
        self.p = p


CASES = {
    "torch-dropped-infinity": Case(Multiplies, "dropped infinity"),
    "Keras-crash-at-1": Case(DividesByZero, "p = 1"),
    "zero-means-default": Case(ZeroMeansDefault, "p = 0"),
    "timm-asks-late": Case(AsksLate, "invalid p"),
}
