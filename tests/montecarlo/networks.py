"""Networks that drop at different places, for the tests of Monte Carlo prediction."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Residual(nn.Module):
    """Changes in place what came before its dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.drop = nn.Linear(6, 8), nn.Dropout(0.5)
        self.middle, self.last = nn.Linear(8, 8), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = self.first(x)
        h += self.drop(self.middle(h))
        y: Tensor = self.last(h)
        return y


class Twice(nn.Module):
    """Calls a layer before and behind its dropout."""

    def __init__(self) -> None:
        super().__init__()
        self.layer, self.drop, self.last = nn.Linear(6, 6), nn.Dropout(0.5), nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.last(self.layer(self.drop(torch.relu(self.layer(x)))))
        return y


class Functional(nn.Module):
    """Drops by a function."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(6, 16), nn.Linear(16, 3)

    def forward(self, x: Tensor) -> Tensor:
        h = F.dropout(torch.relu(self.first(x)), 0.4, self.training)
        y: Tensor = self.last(h)
        return y


class Recurrent(nn.Module):
    """Drops between the layers of an LSTM."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(2, 4)
        self.rnn = nn.LSTM(4, 8, num_layers=2, dropout=0.5, batch_first=True)
        self.last = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        states, _ = self.rnn(self.embed(x.view(len(x), 3, 2)))
        y: Tensor = self.last(states[:, -1])
        return y


class Attention(nn.Module):
    """Drops attention weights, behind a layer of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Linear(2, 8)
        self.layer = nn.TransformerEncoderLayer(8, 2, 16, dropout=0.3, batch_first=True)
        self.last = nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.last(self.layer(self.embed(x.view(len(x), 3, 2))).mean(1))
        return y


def late() -> nn.Sequential:
    """A chain that drops before its last layer."""
    layers = (nn.Linear(6, 16), nn.BatchNorm1d(16), nn.ReLU(), nn.Linear(16, 16), nn.ReLU())
    return nn.Sequential(nn.Sequential(*layers), nn.Dropout(0.5), nn.Linear(16, 3))


def convolutions() -> nn.Sequential:
    """A network of images that drops channels, then units."""
    return nn.Sequential(
        *(nn.Unflatten(1, (1, 2, 3)), nn.Conv2d(1, 8, 2, padding=1), nn.BatchNorm2d(8), nn.ReLU()),
        *(nn.Dropout2d(0.3), nn.Conv2d(8, 4, 2), nn.ReLU(), nn.Flatten(), nn.Dropout(0.2)),
        nn.LazyLinear(3),
    )


def first() -> nn.Sequential:
    """A chain that drops its inputs."""
    return nn.Sequential(nn.Dropout(0.2), nn.Linear(6, 8), nn.ReLU(), nn.Dropout(), nn.Linear(8, 3))


NETWORKS = {
    "late": late,
    "convolutions": convolutions,
    "first": first,
    "residual": Residual,
    "twice": Twice,
    "functional": Functional,
    "recurrent": Recurrent,
    "attention": Attention,
}


def build(name: str) -> nn.Module:
    """A network by its name, with the same weights every time."""
    torch.manual_seed(0)
    model: nn.Module = NETWORKS[name]()
    with torch.no_grad():
        model(torch.randn(4, 6))  # lazy layers get their shapes
    return model
