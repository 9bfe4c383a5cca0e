"""Models that drop in each of the ways that `model.eval()` and isinstance checks miss."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torchdrop.functional import dropout
from torchdrop.nn import Dropout as OurDropout

WIDTH = 8


class Attention(nn.Module):
    """torch's layer, which keeps its rate as a number."""

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(WIDTH, 2, dropout=0.5, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.attention(x, x, x)[0]
        return y


class Recurrent(nn.Module):
    """Drops between the two layers, inside torch's kernel."""

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(WIDTH, WIDTH, num_layers=2, dropout=0.5, batch_first=True)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.lstm(x)[0]
        return y


class Following(nn.Module):
    """A functional call that follows the mode of a module that is no dropout layer."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(WIDTH, WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(self.linear(x), p=0.5, training=self.training)


class HardCoded(nn.Module):
    """A functional call that drops whatever the mode."""

    def forward(self, x: Tensor) -> Tensor:
        return F.dropout(x, 0.5, training=True)


class OursHardCoded(nn.Module):
    """torchdrop's function, which drops whatever the mode, and takes no answer."""

    def forward(self, x: Tensor) -> Tensor:
        return dropout(x, 0.5, training=True)


class Sdpa(nn.Module):
    """Attention whose rate is gone in evaluation mode."""

    def __init__(self) -> None:
        super().__init__()
        self.p = 0.5

    def forward(self, x: Tensor) -> Tensor:
        p = self.p if self.training else 0.0
        return F.scaled_dot_product_attention(x, x, x, dropout_p=p)


class LiveSdpa(nn.Module):
    """Attention that forgot to ask for the mode."""

    def forward(self, x: Tensor) -> Tensor:
        return F.scaled_dot_product_attention(x, x, x, dropout_p=0.5)


class ListHeld(nn.Module):
    """A layer that torch does not know of."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(WIDTH, WIDTH)
        self.drops = [nn.Dropout(0.5)]

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.drops[0](self.linear(x))
        return y


class ByHand(nn.Module):
    """A layer of the user's own, which calls no dropout function."""

    def forward(self, x: Tensor) -> Tensor:
        return x * (torch.rand_like(x) > 0.5) * 2 if self.training else x


class Normed(nn.Module):
    """Batch normalization as a function, in a module that drops by a rate of its own too."""

    mean: Tensor
    var: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.dropout = 0.5
        self.register_buffer("mean", torch.zeros(WIDTH))
        self.register_buffer("var", torch.ones(WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        x = x.transpose(1, 2)
        x = F.batch_norm(x, self.mean, self.var, training=self.training)
        return F.dropout(x, self.dropout, self.training).transpose(1, 2)


def encoder() -> nn.Module:
    """Its fast path, in evaluation without gradients, never calls its dropout layers."""
    layer = nn.TransformerEncoderLayer(WIDTH, 2, 16, dropout=0.5, batch_first=True)
    return nn.TransformerEncoder(layer, 2)


def normed() -> nn.Module:
    """Statistics that sampling must not move."""
    return nn.Sequential(nn.Flatten(), nn.BatchNorm1d(5 * WIDTH), nn.Dropout(0.5))


CASES: dict[str, Callable[[], nn.Module]] = {
    "nn.Dropout": lambda: nn.Sequential(nn.Linear(WIDTH, WIDTH), nn.Dropout(0.5)),
    "nn.Dropout1d": lambda: nn.Dropout1d(0.5),
    "nn.AlphaDropout": lambda: nn.AlphaDropout(0.5),
    "torchdrop.nn.Dropout": lambda: OurDropout(0.5),
    "TransformerEncoder, fast path": encoder,
    "MultiheadAttention(dropout=)": Attention,
    "LSTM(num_layers=2, dropout=)": Recurrent,
    "F.dropout(training=self.training)": Following,
    "F.dropout(training=True)": HardCoded,
    "torchdrop's dropout(training=True)": OursHardCoded,
    "attention, dropout_p only in training": Sdpa,
    "attention, dropout_p always": LiveSdpa,
    "layer in a plain list": ListHeld,
    "BatchNorm1d and Dropout": normed,
    "F.batch_norm and F.dropout": Normed,
}

STUBBORN = "torchdrop's dropout(training=True)"
"""The one that nothing turns off, and that the record must name."""

LIVE = {
    "F.dropout(training=True)",
    STUBBORN,
    "attention, dropout_p always",
    "layer in a plain list",
}
"""Those that `model.eval()` leaves dropping."""


def build(name: str) -> nn.Module:
    """Build a case, the same each time."""
    torch.manual_seed(0)
    return CASES[name]()


def example() -> Tensor:
    """An input for every case."""
    return torch.randn(4, 5, WIDTH, generator=torch.Generator().manual_seed(1))


def differs(model: Callable[[Tensor], Any]) -> bool:
    """Whether two forwards on one input give different outputs, without gradients as in use."""
    x = example()
    with torch.no_grad():
        return not torch.equal(model(x), model(x))


def modes(model: nn.Module) -> list[bool]:
    """The mode of every module, of those in plain lists too."""
    hidden = model.drops if isinstance(model, ListHeld) else []
    return [module.training for module in (*model.modules(), *hidden)]
