"""What a chain of layers drops now, and from how many rows on it pays not to compute it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from ..functional import Count, UnitLayers, check_probability
from ._thinned_sites import ROWWISE, sites_to_thin
from ._thinning_pays import least_rows


@dataclass(frozen=True, slots=True)
class Plan:
    """A chain as it is set now: a forward pass looks up here what it would have to work out.

    Attributes:
        layers: Of the chain, in order.
        dropouts: Places of the dropout layers whose units need not be computed, if they drop.
        state: What this was made from, beside the layers.
        sites: For the place of each of those that drop, its number among them.
        sources: For the place of a Linear or Conv2d, the number of the site that drops its units.
        least: For each site, rows from which on its units are not computed; the same for all of
            one chain of linear layers, and 0 for convolutions.
        units: What draws the units of the sites.
        rowwise: Whether rows of the mini-batch are rows of every layer.
    """

    layers: list[nn.Module]
    dropouts: list[int]
    state: tuple[object, ...]
    sites: dict[int, int]
    sources: dict[int, int]
    least: list[int]
    units: UnitLayers
    rowwise: bool

    def holds(self, layers: list[nn.Module], groups: int, count: Count) -> bool:
        """Whether the chain still is what this was made for."""
        return layers == self.layers and self.state == _state(layers, self.dropouts, groups, count)


def plan(
    layers: list[nn.Module], groups: int, count: Count, *, training: bool | None = None
) -> Plan:
    """Work out what a chain drops.

    Args:
        layers: Of the chain, in order.
        groups: Parts of the mini-batch that draw their own units.
        count: Of the units that are kept.
        training: `True` plans for training, whatever mode the layers are in.

    Returns:
        The plan for the state in which the layers are.
    """
    dropouts = sites_to_thin(layers)
    state = _state(layers, dropouts, groups, count)
    rates = {
        place: rate_of(layers[place])
        for place in dropouts
        if (training or layers[place].training) and rate_of(layers[place]) > 0
    }
    sites = {place: number for number, place in enumerate(rates)}
    sources = dict(_sources(layers, sites))
    widths = [len(_weight_of(layers[place])) for place in sources]
    return Plan(
        *(layers, dropouts, state, sites, sources),
        least=_least(layers, sources, list(rates.values()), groups),
        units=UnitLayers(widths, list(rates.values()), count=count, groups=groups),
        rowwise=all(isinstance(layer, ROWWISE) for layer in layers),
    )


def rate_of(layer: Any) -> float:
    """The probability of dropping of a layer.

    Args:
        layer: A dropout layer.

    Returns:
        In `[0, 1]`.

    Raises:
        SettingError: If it lies outside.
    """
    p = float(layer.p)
    check_probability(p)
    return p


def _sources(layers: list[nn.Module], sites: dict[int, int]) -> Iterator[tuple[int, int]]:
    """Pair each site with the layer before it that makes its units, in order."""
    source = -1
    for place, layer in enumerate(layers):
        if isinstance(layer, (nn.Linear, nn.Conv2d)):
            source = place
        elif place in sites:
            yield source, sites[place]


def _weight_of(layer: Any) -> Tensor:
    weight: Tensor = layer.weight
    return weight


def _state(
    layers: list[nn.Module], dropouts: list[int], groups: int, count: Count
) -> tuple[object, ...]:
    """What a plan depends on: it is looked at in every pass."""
    kinds = []
    for layer in layers:
        settings, weight = vars(layer), layer._parameters.get("weight")
        shape = None if weight is None else weight.shape
        kinds.append((type(layer), shape, settings.get("dims"), settings.get("scale")))
    rates = [(layers[place].training, rate_of(layers[place])) for place in dropouts]
    return groups, count, kinds, rates


@dataclass(frozen=True)
class _Chain:
    """Linear layers joined by dropout that drops."""

    sites: tuple[int, ...] = ()
    widths: tuple[int, ...] = ()
    rates: tuple[float, ...] = ()

    def longer(self, layer: nn.Linear, site: int | None, p: float) -> _Chain:
        """The chain with another layer, and the dropout behind it, if any."""
        widths = (*(self.widths or (layer.in_features,)), layer.out_features)
        sites = self.sites if site is None else (*self.sites, site)
        return _Chain(sites, widths, (*(self.rates or (0.0,)), p))


def _least(
    layers: list[nn.Module], sources: dict[int, int], rates: list[float], groups: int
) -> list[int]:
    least, chain = [0] * len(rates), _Chain()
    for place, layer in enumerate(layers):
        if type(layer) is not nn.Linear:
            continue
        site = sources.get(place)
        chain = chain.longer(layer, site, 0.0 if site is None else rates[site])
        if site is None:
            for each in chain.sites:
                least[each] = least_rows(chain.widths, chain.rates, groups)
            chain = _Chain()
    return least
