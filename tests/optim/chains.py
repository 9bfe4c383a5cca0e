"""What tests of thin optimizers train."""

from typing import Any

import torch
from torch import Tensor, nn

import torchdrop
from torchdrop.networks import mlp

WIDTHS = 6, 16, 12, 3


def chain(*, p: float = 0.5, dtype: torch.dtype = torch.float64, **settings: Any) -> Any:
    """A thinned chain, always with the same weights."""
    torch.manual_seed(0)
    return torchdrop.thin(mlp(*WIDTHS, p=p).to(dtype), always=True, **settings)


def rows(count: int = 7, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """The same inputs and classes each time."""
    torch.manual_seed(1)
    return torch.randn(count, WIDTHS[0], dtype=dtype), torch.randint(3, (count,))


def backward(model: nn.Module, seed: int, dtype: torch.dtype = torch.float64) -> None:
    """A pass in each direction, with the masks of a seed."""
    x, y = rows(dtype=dtype)
    torch.manual_seed(seed)
    nn.functional.cross_entropy(model(x), y).backward()  # type: ignore[no-untyped-call]
