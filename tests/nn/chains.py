"""Chains to thin, and the plain ones that they must equal."""

from collections import OrderedDict
from collections.abc import Callable

import torch
from torch import Tensor, nn

from torchdrop.nn import Dropout, ThinnedSequential

Chain = list[nn.Module]


def mlp(p: float, dims: tuple[int, ...] | None = None) -> Chain:
    return [
        *(nn.Linear(6, 16), nn.LeakyReLU(), Dropout(p, dims=dims)),
        *(nn.Linear(16, 12), nn.GELU(), Dropout(p, dims=dims), nn.Linear(12, 3)),
    ]


def convolutions(p: float, dims: tuple[int, ...] | None = None) -> Chain:
    dropout = nn.Dropout2d(p) if dims is None else Dropout(p, dims=dims)
    second = nn.Dropout2d(p) if dims is None else Dropout(p, dims=dims)
    return [
        *(nn.Conv2d(2, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), dropout),
        *(nn.Conv2d(8, 6, 3, stride=2), nn.ReLU(), second, nn.Conv2d(6, 4, 1)),
    ]


CHAINS: dict[str, tuple[Callable[..., Chain], tuple[int, ...], tuple[int, ...]]] = {
    "mlp": (mlp, (5, 6), (-1,)),
    "convolutions": (convolutions, (5, 2, 7, 7), (1,)),
}


def pair(
    name: str, p: float, **settings: object
) -> tuple[ThinnedSequential, nn.Sequential, Tensor]:
    """A thinned chain, and the plain one with the same weights and masks of whole units."""
    make, shape, dims = CHAINS[name]
    plain = nn.Sequential(*make(p, dims)).double()
    thinned = thin(make(p), **settings).double()
    thinned.load_state_dict(plain.state_dict())
    return thinned, plain, torch.randn(shape, dtype=torch.float64)


def thin(layers: Chain, **settings: object) -> ThinnedSequential:
    """However small it is: none of these networks has enough rows to gain by it."""
    named = OrderedDict((str(i), layer) for i, layer in enumerate(layers))
    return ThinnedSequential(named, **{"always": True, **settings})  # type: ignore[arg-type]


def run(model: nn.Module, x: Tensor, seed: int = 3) -> tuple[Tensor, dict[str, Tensor]]:
    torch.manual_seed(seed)
    x = x.clone().requires_grad_()
    y = model(x)
    (y * torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view_as(y)).sum().backward()
    gradients = {name: w.grad for name, w in model.named_parameters() if w.grad is not None}
    return y.detach(), {**gradients, "x": x.grad}  # type: ignore[dict-item]
