"""Dropouts that change what is not theirs, or hide what is."""

import torch
from torch import Tensor, nn

from ._case import Case, Layer

_COMPUTES = {"elementwise": False}


class WritesInput(Layer):
    """As concretedropout: the caller's tensor is multiplied in place."""

    def select(self, x: Tensor, keep: Tensor) -> Tensor:
        return x.copy_(super().select(x, keep))


class HidesModule(Layer):
    """As PyTorch-NLP's WeightDrop: a closure calls the module that is wrapped."""

    def __init__(self, inner: nn.Linear, p: float) -> None:
        super().__init__(p)

        def call(x: Tensor) -> Tensor:
            weight = nn.functional.dropout(inner.weight, p, inner.training)
            return nn.functional.linear(x, weight, inner.bias)

        self.call = call

    def forward(self, x: Tensor) -> Tensor:
        return self.call(x)


class OverwritesWeight(Layer):
    """As fairseq's quant_noise: weights are dropped in the parameter, where they are lost."""

    def __init__(self, inner: nn.Linear, p: float) -> None:
        super().__init__(p)
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            weight = self.inner.weight
            weight.data = self.select(weight, self.keep(weight)).detach()
        return self.inner(x)  # type: ignore[no-any-return]


class KeepsGraph(Layer):
    """As the ConcreteDropout package: a tensor with a history is kept, which cannot be copied."""

    def __init__(self, p: float = 0.5) -> None:
        super().__init__(p)
        self.logit = nn.Parameter(torch.tensor(0.0))
        self.used = self.logit * 1


def _linear() -> nn.Linear:
    return nn.Linear(256, 64)


CASES = {
    "concretedropout-writes-input": Case(WritesInput, "input"),
    # The mode does not reach it, and a copy calls the original.
    "PyTorch-NLP-WeightDrop": Case(
        lambda p: HidesModule(_linear(), p),
        "parameters",
        ("randomness in evaluation", "deepcopy"),
        _COMPUTES,
    ),
    # No call can be repeated, as the weights are not what they were.
    "fairseq-overwrites-weight": Case(
        lambda p: OverwritesWeight(_linear(), p),
        "weights",
        ("manual_seed", "checkpoint", "reentrant checkpoint"),
        _COMPUTES,
    ),
    "concretedropout-deepcopy": Case(KeepsGraph, "deepcopy"),
}
