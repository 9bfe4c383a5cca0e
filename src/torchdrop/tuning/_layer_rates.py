"""Networks with a p of its own for each dropout layer, as a sweep builds them."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from ..surgery import set_rates_
from ._network import NetworkFactory, build


@dataclass(frozen=True)
class PerLayerFactory:
    """A recipe for networks with a p per layer, as a sweep calls it.

    Attributes:
        make_network: Builds the network from one p.
        rates: What each dropout layer gets instead, as pairs of name and p.
    """

    make_network: NetworkFactory
    rates: tuple[tuple[str, float], ...]

    def __call__(self, p: float) -> nn.Module:
        """Build the network at `p`, then set each layer's own."""
        return set_rates_(build(self.make_network, p), dict(self.rates))
