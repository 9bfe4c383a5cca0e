"""Set the rate that a module keeps, wherever it keeps it."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


def put_rate(module: nn.Module, attribute: str, rate: Any) -> Any:
    """Set a rate.

    Args:
        module: That keeps it.
        attribute: Where: `dropout`, or `config.attention_dropout`.
        rate: A number; where a tensor is kept, one of its kind with that value. Or what an
            earlier call returned.

    Returns:
        The rate from before, as it was kept.
    """
    *path, last = attribute.split(".")
    holder: Any = module
    for name in path:
        holder = getattr(holder, name)
    before = getattr(holder, last)
    if isinstance(before, Tensor) and not isinstance(rate, Tensor):
        rate = torch.full_like(before, rate)
    setattr(holder, last, rate)
    return before
