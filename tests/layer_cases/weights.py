"""Layers that drop weights."""

import torch
from torch import Tensor, nn
from torch.func import functional_call

from torchdrop.nn import DropConnect, EmbeddingDropout, WeightDrop

from ._case import Case

INPUTS, OUTPUTS = 25, 30


class _Table(nn.Module):
    """Look every word up in the table that comes in, so that the contract sees its draws."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.layer = EmbeddingDropout(16, INPUTS, p=p)

    def forward(self, input: Tensor) -> Tensor:
        words = torch.arange(16)
        result: Tensor = functional_call(self.layer, {"weight": input}, words)
        return result


def _connect(p: float, per_sample: bool = True) -> DropConnect:
    """Equal weights, so that the spread of an output is known."""
    layer = DropConnect(INPUTS, OUTPUTS, p=p, per_sample=per_sample)
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.fill_(1 / INPUTS)
    return layer


def _connect_spread(p: float) -> float:
    """An output is a mean of as many independent draws as there are weights and biases."""
    return float((p / (1 - p) / (INPUTS + 1)) ** 0.5)


CASES = {
    # Evaluation is a linear map, and no single output is dropped.
    "DropConnect": Case(
        _connect,
        draws=16 * OUTPUTS,
        passes_through=False,
        drops=False,
        spread=_connect_spread,
        output=(16, OUTPUTS),
    ),
    # Likewise, and all samples share a mask.
    "DropConnect-batch": Case(
        lambda p: _connect(p, per_sample=False),
        draws=OUTPUTS,
        passes_through=False,
        drops=False,
        spread=_connect_spread,
        output=(16, OUTPUTS),
    ),
    "WeightDrop": Case(WeightDrop),
    "WeightDrop-rows": Case(lambda p: WeightDrop(p, dims=(0,)), draws=16),
    # Evaluation looks rows up, which gives a new tensor.
    "EmbeddingDropout": Case(_Table, draws=16, passes_through=False),
}
