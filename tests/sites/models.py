"""Models that drop in every way that there is."""

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class DropPath(nn.Module):
    """As in timm: a mask by hand, and a rate of its own name."""

    def __init__(self, drop_prob: float = 0.0) -> None:
        super().__init__()
        self.drop_prob = drop_prob

    def forward(self, x: Tensor) -> Tensor:
        if self.drop_prob == 0.0 or not self.training:
            return x
        keep = 1 - self.drop_prob
        mask = x.new_empty((len(x),) + (1,) * (x.ndim - 1)).bernoulli_(keep)
        return x * mask.div_(keep)


class Functional(nn.Module):
    """One call that follows the mode, and one that does not."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Linear(8, 32), nn.Linear(32, 8)
        self.p = 0.25

    def forward(self, x: Tensor) -> Tensor:
        h = F.dropout(torch.relu(self.first(x)), self.p, self.training)
        return F.dropout(self.second(h), 0.125)


class Listed(nn.Module):
    """Dropout layers in a plain list, a dict and a nested tuple."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(8, 8)
        self.drops = [nn.Dropout(0.2)]
        self.by_name = {"out": nn.Sequential(nn.Dropout(0.3)), "pair": (nn.Dropout1d(0.4),)}

    def forward(self, x: Tensor) -> Tensor:
        return self.by_name["out"](self.drops[0](self.linear(x)))  # type: ignore[no-any-return, operator]


class Config:
    """As of transformers: a plain object."""

    def __init__(self, **values: float) -> None:
        self.__dict__.update(values)


def eager_attention(module: nn.Module, q: Tensor, k: Tensor, v: Tensor, dropout: float) -> Tensor:
    weights = F.softmax(q @ k.transpose(-2, -1), -1)
    return F.dropout(weights, p=dropout, training=module.training) @ v


class Attention(nn.Module):
    """As in transformers: a number, handed to a function outside."""

    def __init__(self, attention_dropout: float = 0.1) -> None:
        super().__init__()
        self.attention_dropout = attention_dropout
        self.q, self.k, self.v = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, 8)

    def forward(self, x: Tensor) -> Tensor:
        p = self.attention_dropout if self.training else 0.0
        return eager_attention(self, self.q(x), self.k(x), self.v(x), p)


class EncoderLayer(nn.Module):
    """Two numbers of one value, and one that is only handed on."""

    def __init__(self, config: Any) -> None:
        super().__init__()
        self.config = config
        self.dropout = 0.1
        self.activation_dropout = 0.1
        self.handed_dropout = 0.3
        self.attention = Attention(0.1)
        self.fc1, self.fc2 = nn.Linear(8, 16), nn.Linear(16, 8)
        self.inner = nn.Dropout(self.handed_dropout)

    def is_supported(self) -> bool:
        """A check of settings, which the forward does not call."""
        return self.config.dropout == 0 and self.handed_dropout < 1

    def forward(self, x: Tensor) -> Tensor:
        x = x + F.dropout(self.attention(x), self.dropout, self.training)
        h = F.dropout(F.gelu(self.fc1(x)), self.activation_dropout, self.training)
        config = self.config
        h = F.dropout(self.fc2(self.inner(h)), config.hidden_dropout_prob, self.training)
        return x + h


class FusedAttention(nn.Module):
    """As in timm: the layer is never called, its rate is read."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(8, 24)
        self.attn_drop = nn.Dropout(0.1)
        self.proj_drop = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        q, k, v = self.qkv(x).chunk(3, -1)
        p = self.attn_drop.p if self.training else 0.0
        return self.proj_drop(F.scaled_dot_product_attention(q, k, v, dropout_p=p))  # type: ignore[no-any-return]


class AlwaysOn(nn.Module):
    """The known mistake: the rate is not tied to the mode."""

    def __init__(self) -> None:
        super().__init__()
        self.dropout_p = 0.2

    def forward(self, x: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(x, x, x, dropout_p=self.dropout_p)


class Fresh(nn.Module):
    """Another one: a layer built in the forward is always in training mode."""

    def forward(self, x: Tensor) -> Tensor:
        return nn.Dropout(0.5)(x)  # type: ignore[no-any-return]


class Unused(nn.Module):
    """A layer that is built and forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.linear, self.drop = nn.Linear(8, 8), nn.Dropout(0.5)

    def forward(self, x: Tensor) -> Tensor:
        return self.linear(x)  # type: ignore[no-any-return]


class Busy(nn.Module):
    """Changes its attributes and buffers, and all random states, in each forward."""

    count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.norm, self.drop = nn.BatchNorm1d(8), nn.Dropout(0.5)
        self.frozen = nn.Dropout(0.5).eval()
        self.calls = 0
        self.register_buffer("count", torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.cache = x
        self.count = self.count + 1
        return self.drop(self.norm(self.frozen(x)))  # type: ignore[no-any-return]


BUILT = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.Dropout(0.5))
