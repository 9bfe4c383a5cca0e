"""Dropouts whose draws depend on each other, or are shared along the wrong axis."""

import torch
from torch import Tensor

from ._case import Case, Layer


class BatchFirst(Layer):
    """As fastai's RNNDropout on (time, batch, features): shared by the batch, fresh in time."""

    def keep(self, x: Tensor) -> Tensor:
        return torch.rand(x.shape[0], 1, x.shape[2]) >= self.p


class Pairs(Layer):
    """One draw serves two neighbors."""

    def keep(self, x: Tensor) -> Tensor:
        draws = torch.rand(*x.shape[:-1], -(-x.shape[-1] // 2)) >= self.p
        return draws.repeat_interleave(2, dim=-1)[..., : x.shape[-1]]


class SameEveryCall(Layer):
    """A seed that never moves on."""

    def keep(self, x: Tensor) -> Tensor:
        return torch.rand(x.shape, generator=torch.Generator().manual_seed(3)) >= self.p


CASES = {
    "LockedDropout-wrong-axis": Case(
        BatchFirst, "shared axes", (), {"shape": (9, 16, 64), "shared_axes": (0,)}
    ),
    "channels-untold": Case(BatchFirst, "shared axes", (), {"shape": (9, 16, 64)}),
    "pairs": Case(Pairs, "independence"),
    "same-every-call": Case(SameEveryCall, "fresh masks", ("two instances",)),
}
