"""Models with a thinned pair, and the plain ones that they must equal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from torchdrop.nn import Dropout, thinned_pair


class Mlp(nn.Module):
    """As timm and Hugging Face write it; `act` is a function or a layer."""

    def __init__(self, act: Callable[[Tensor], Tensor], dropout: nn.Module) -> None:
        super().__init__()
        self.fc1, self.act, self.drop = nn.Linear(6, 16), act, dropout
        self.norm, self.fc2 = nn.Identity(), nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.fc2(self.norm(self.drop(self.act(self.fc1(x)))))
        return y


class Deep(nn.Module):
    """Its middle layer stands behind one dropout and before another."""

    def __init__(self, p: float, dims: tuple[int, ...] | None) -> None:
        super().__init__()
        self.one, self.two, self.three = nn.Linear(6, 16), nn.Linear(16, 12), nn.Linear(12, 4)
        self.first, self.second = Dropout(p, dims=dims), Dropout(p, dims=dims)

    def forward(self, x: Tensor) -> Tensor:
        hidden: Tensor = self.two(self.first(F.relu(self.one(x))))
        y: Tensor = self.three(self.second(torch.tanh(hidden)))
        return y


def _own_gelu(x: Tensor) -> Tensor:
    return 0.5 * x * (1 + torch.tanh(0.8 * (x + 0.04 * x**3)))


ACTS: dict[str, Callable[[], Callable[[Tensor], Tensor]]] = {
    "function": lambda: F.gelu,
    "layer": nn.GELU,
    "in place": lambda: nn.ReLU(inplace=True),
    "several": lambda: _own_gelu,
    "none": nn.Identity,
}


def make_pair(p: float = 0.5, act: str = "function", **settings: Any) -> tuple[Any, Any, Tensor]:
    """A thinned MLP, and the plain one with masks of whole units."""
    plain = Mlp(ACTS[act](), Dropout(p, dims=(-1,))).double()
    thinned = Mlp(ACTS[act](), nn.Dropout(p)).double()
    thinned.load_state_dict(plain.state_dict())
    link(thinned, ("fc1", "drop", "fc2"), **settings)
    return thinned, plain, torch.randn(5, 6, dtype=torch.float64)


def link(model: nn.Module, names: tuple[str, str, str], **settings: Any) -> None:
    """However small it is: none of these has enough rows to gain by it."""
    layers: Any = [getattr(model, name) for name in names]
    likes = thinned_pair(*layers, **{"always": True, **settings})
    for layer, like in zip(layers, likes, strict=True):
        layer.__class__ = type(like)
        for name in ("before", "behind", "pair", "scale", "dims"):
            if name in vars(like):
                setattr(layer, name, getattr(like, name))


def run(
    model: Callable[[Tensor], Tensor], x: Tensor, weights: nn.Module, seed: int = 3
) -> tuple[Tensor, dict[str, Tensor]]:
    torch.manual_seed(seed)
    weights.zero_grad()
    x = x.clone().requires_grad_()
    y = model(x)
    loss: Any = (y * torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view_as(y)).sum()
    loss.backward()
    gradients = {k: w.grad.clone() for k, w in weights.named_parameters() if w.grad is not None}
    return y.detach(), {**gradients, "x": x.grad}  # type: ignore[dict-item]


def call(model: nn.Module, more: tuple[Tensor, ...], x: Tensor) -> Tensor:
    y: Tensor = model(x, *more)
    return y


def assert_equal(thinned: nn.Module, plain: nn.Module, x: Tensor, seeds: int = 4) -> None:
    for seed in range(seeds):
        (y, gradients), (expected, others) = (run(m, x, m, seed) for m in (thinned, plain))
        assert torch.allclose(y, expected, rtol=0, atol=1e-12)
        assert gradients.keys() == others.keys()
        for key, value in gradients.items():
            assert torch.allclose(value, others[key], rtol=0, atol=1e-12), key


def widths(layer: nn.Module) -> list[int]:
    """What a layer gives from now on, in units."""
    seen: list[int] = []
    layer.register_forward_hook(lambda _m, _i, y: seen.append(y.shape[-1]))
    return seen
