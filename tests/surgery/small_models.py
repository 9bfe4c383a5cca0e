"""Small models of many kinds, without dropout, each with an input."""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from torchdrop import networks
from torchdrop.surgery import remove


def mlp() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 6), nn.Tanh(), nn.Linear(6, 3), nn.Softmax(1)
    )


class Calls(nn.Module):
    """Its activations are calls."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two, self.three = nn.Linear(4, 6), nn.Linear(6, 6), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.three(F.gelu(self.two(torch.relu(self.one(x)))))
        return result.log_softmax(1)


class Residual(nn.Module):
    """As in ResNet: one activation object, on the trunk and inside the branch."""

    def __init__(self, norm: Callable[[int], nn.Module] = nn.BatchNorm2d) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 3, padding=1)
        self.one, self.two = nn.Conv2d(4, 4, 3, padding=1), nn.Conv2d(4, 4, 3, padding=1)
        self.norm_one, self.norm_two = norm(4), norm(4)
        self.relu = nn.ReLU(inplace=True)
        self.head = nn.Linear(4, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.stem(x))
        y = self.norm_two(self.two(self.relu(self.norm_one(self.one(x)))))
        y += x
        result: Tensor = self.head(self.relu(y).mean((2, 3)))
        return result


class PreActivation(nn.Module):
    """Adds what its branch makes; the branch begins and ends with a layer with weights."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(4, 6)
        self.branch = nn.Sequential(nn.LayerNorm(6), nn.Linear(6, 8), nn.GELU(), nn.Linear(8, 6))
        self.head = nn.Linear(6, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        result: Tensor = self.head(x + self.branch(x))
        return result


class Gated(nn.Module):
    """SwiGLU: the activation scales what another layer makes."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Linear(4, 6)
        self.gate, self.up, self.down = nn.Linear(6, 8), nn.Linear(6, 8), nn.Linear(8, 2)
        self.act = nn.SiLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        result: Tensor = self.down(self.act(self.gate(x)) * self.up(x))
        return result


class Squeeze(nn.Module):
    """Squeeze and excitation: one number a channel scales it."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 4, 1)
        self.shrink, self.grow = nn.Conv2d(4, 2, 1), nn.Conv2d(2, 4, 1)
        self.relu, self.gate = nn.ReLU(), nn.Sigmoid()
        self.last = nn.Conv2d(4, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        scale = self.gate(self.grow(self.relu(self.shrink(x.mean((2, 3), keepdim=True)))))
        result: Tensor = self.last(x * scale)
        return result


class Swish(nn.Module):
    """An activation of one's own."""

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(x)


class NamedInputs(nn.Module):
    """Takes its inputs by name, and gives a dict."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.act, self.two = nn.Linear(4, 6), nn.PReLU(), nn.Linear(6, 2)

    def forward(self, *, left: Tensor, right: Tensor) -> dict[str, Tensor]:
        return {"y": self.two(self.act(self.one(left)) + right.mean())}


def encoder() -> nn.TransformerEncoder:
    layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.1, batch_first=True)
    return nn.TransformerEncoder(layer, 2)


MODELS: dict[str, tuple[Callable[[], nn.Module], Callable[[], Any]]] = {
    "mlp": (mlp, lambda: torch.randn(5, 4)),
    "chapter": (lambda: remove(networks.mlp(4, 6, 6, 3, p=0.3)), lambda: torch.randn(5, 4)),
    "calls": (Calls, lambda: torch.randn(5, 4)),
    "residual": (Residual, lambda: torch.randn(2, 3, 5, 5)),
    "residual-without-norm": (
        lambda: Residual(lambda n: nn.Identity()),
        lambda: torch.randn(2, 3, 5, 5),
    ),
    "pre-activation": (PreActivation, lambda: torch.randn(5, 4)),
    "gated": (Gated, lambda: torch.randn(5, 4)),
    "squeeze": (Squeeze, lambda: torch.randn(2, 3, 5, 5)),
    "own-activation": (
        lambda: nn.Sequential(nn.Linear(4, 6), Swish(), nn.Linear(6, 2)),
        lambda: torch.randn(5, 4),
    ),
    "named-inputs": (NamedInputs, lambda: {"left": torch.randn(5, 4), "right": torch.ones(2)}),
    "encoder": (encoder, lambda: torch.randn(2, 5, 8)),
    "cnn": (
        lambda: nn.Sequential(
            *(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
            *(nn.Conv2d(4, 4, 1), nn.LeakyReLU(0.2), nn.Flatten(), nn.Linear(16, 8), nn.ELU()),
            nn.Linear(8, 2),
        ),
        lambda: torch.randn(2, 3, 6, 6),
    ),
    "recurrent": (
        lambda: nn.Sequential(nn.Linear(4, 6), nn.ReLU(), nn.GRU(6, 3)),
        lambda: torch.randn(2, 5, 4),
    ),
}
"""What builds the model, and what builds its input."""
