"""A network of the grid as it begins."""

from __future__ import annotations

import torch
from torch import nn

from ._grid import SeedStreams
from ._network import NetworkFactory, build


def initial_network(make_network: NetworkFactory, p: float, seed: int) -> nn.Module:
    """Build a network of the grid with the weights that it starts from.

    Args:
        make_network: Called with `p`.
        p: Probability of dropping.
        seed: Number of the seed.

    Returns:
        The network; torch's global generator is left as it was.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SeedStreams.of(seed).weights)
        return build(make_network, p)
