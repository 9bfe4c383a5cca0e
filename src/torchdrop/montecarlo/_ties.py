"""What comes of an order when nothing decides between some of its rows."""

from __future__ import annotations

import torch
from torch import Tensor


def in_order(values: Tensor, keys: Tensor) -> tuple[Tensor, Tensor]:
    """Sort values by their keys; where keys are equal, each place gets the mean of the values.

    That is the expectation over all orders of the equal ones, so the result does not depend on
    the order in which rows came.

    Args:
        values: float64, shape `(N,)`.
        keys: Shape `(N,)`; lowest first.

    Returns:
        The values and the keys, sorted.
    """
    keys, order = keys.sort()
    values = values[order]
    _, group, counts = torch.unique_consecutive(keys, return_inverse=True, return_counts=True)
    sums = torch.zeros(len(counts), dtype=values.dtype).index_add_(0, group, values)
    return (sums / counts)[group], keys
