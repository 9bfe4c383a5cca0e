"""Layers for sequences: locked and recurrent dropout, zoneout, attention."""

from typing import Any

import torch
from torch import Tensor, nn

from torchdrop.nn import (
    LockedDropout,
    MultiheadAttention,
    VariationalGRU,
    VariationalLSTM,
    Zoneout,
    ZoneoutCell,
)

from ._case import Case

# Dynamo refuses whatever is an `nn.LSTM` or `nn.GRU`, ours too, unless it is told not to.
torch._dynamo.config.allow_rnn = True


class _FromZero(nn.Module):
    """Zoneout with an old state of zeros: that is where the contract sees its draws."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.inner = Zoneout(p)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.inner(x, torch.zeros_like(x))
        return result


class _PlainCell(nn.RNNCell):
    """An Elman cell in operations that vmap knows; torch's kernels for cells are not among them."""

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        gates = nn.functional.linear(input, self.weight_ih, self.bias_ih)
        return (gates if hx is None else gates + hx @ self.weight_hh.mT + self.bias_hh).tanh()


class _Outputs(nn.Module):
    """The outputs of a recurrent layer, without the final state."""

    def __init__(self, inner: nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.inner(x)[0]
        return result


class _Attention(nn.Module):
    """Self-attention as a function of one tensor."""

    def __init__(self, **settings: Any) -> None:
        super().__init__()
        self.inner = MultiheadAttention(**settings)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.inner(x, x, x)[0]
        return result


def _recurrent(kind: type[VariationalLSTM] | type[VariationalGRU]) -> Case:
    # A state goes through tanh and sigmoid: no element of it is dropped, and no mean is kept.
    return Case(
        lambda p: _Outputs(kind(6, 5, p=p, p_recurrent=p)),
        shape=(3, 8, 6),
        passes_through=False,
        drops=False,
        keeps_mean=False,
        output=(3, 8, 5),
    )


CASES = {
    "LockedDropout": Case(LockedDropout, shape=(5, 16, 25)),
    "LockedDropout-batch-first": Case(
        lambda p: LockedDropout(p, batch_first=True), shape=(16, 5, 25)
    ),
    "VariationalLSTM": _recurrent(VariationalLSTM),
    "VariationalGRU": _recurrent(VariationalGRU),
    # Evaluation is a mixture of two states.
    "Zoneout": Case(_FromZero, passes_through=False),
    # A cell computes, and what its spread is depends on its weights.
    "ZoneoutCell": Case(
        lambda p: ZoneoutCell(_PlainCell(25, 25), p),
        passes_through=False,
        drops=False,
        keeps_mean=False,
    ),
    # Attention mixes: what is dropped is a probability, no element. With one head and equal
    # values the spread is that of the mean of a row of the mask.
    "MultiheadAttention": Case(
        lambda p: _Attention(embed_dim=8, num_heads=1, dropout=p),
        shape=(6, 9, 8),
        draws=9 * 6 * 6,
        passes_through=False,
        drops=False,
    ),
    # With two heads the spread depends on the weights.
    "MultiheadAttention-batch-first": Case(
        lambda p: _Attention(embed_dim=8, num_heads=2, dropout=p, batch_first=True),
        shape=(9, 6, 8),
        passes_through=False,
        drops=False,
        keeps_mean=False,
    ),
}
