"""Dropouts whose randomness torch's generator does not know of."""

import torch
from torch import Tensor

from ._case import Case, Layer

# What does not draw from the global generator hears no seed, and no checkpoint puts it back.
_DEAF = ("manual_seed", "checkpoint", "reentrant checkpoint")


class ConstantSeed(Layer):
    """As torchtune's LayerDropout: every instance has a generator with torch's default seed."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p)
        self.generator = torch.Generator()

    def keep(self, x: Tensor) -> Tensor:
        return torch.rand(x.shape, generator=self.generator) >= self.p


class OwnGenerator(ConstantSeed):
    """As many a layer with a `seed=`: a generator of its own, which a checkpoint does not know."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p)
        self.generator.manual_seed(int(torch.randint(2**31, ())))


CASES = {
    "torchtune-constant-seed": Case(ConstantSeed, "two instances", _DEAF),
    "own-generator": Case(OwnGenerator, "checkpoint", _DEAF),
}
