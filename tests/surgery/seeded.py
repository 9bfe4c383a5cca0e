"""A layer run from a seed, and a dropout layer of a user's own."""

from collections.abc import Callable

import torch
from torch import Tensor, nn


def seeded(layer: Callable[[Tensor], Tensor], x: Tensor, seed: int = 0) -> Tensor:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        result: Tensor = layer(x.clone())
    return result


class Noisy(nn.Dropout):
    pass
