"""Find the layers whose weights can take up the (1 - p) of a dropout before them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TypeAlias

from torch import nn

from ._fuse import _has_hooks, _runs_in_order
from ._layers import describe, places, slots
from ._recognize import INVERTED

Place: TypeAlias = tuple[str, nn.Module]
"""A qualified name, and the layer there."""

_WEIGHTED = frozenset(
    {
        nn.Linear,
        nn.Conv1d,
        nn.Conv2d,
        nn.Conv3d,
        nn.ConvTranspose1d,
        nn.ConvTranspose2d,
        nn.ConvTranspose3d,
    }
)
# A factor c >= 0 may come before or after these: f(c x) = c f(x), in evaluation.
_HOMOGENEOUS = INVERTED | {
    nn.Identity,
    nn.Flatten,
    nn.Unflatten,
    nn.ReLU,
    nn.LeakyReLU,
    nn.MaxPool1d,
    nn.MaxPool2d,
    nn.MaxPool3d,
    nn.AvgPool1d,
    nn.AvgPool2d,
    nn.AvgPool3d,
    nn.AdaptiveMaxPool1d,
    nn.AdaptiveMaxPool2d,
    nn.AdaptiveMaxPool3d,
    nn.AdaptiveAvgPool1d,
    nn.AdaptiveAvgPool2d,
    nn.AdaptiveAvgPool3d,
}


class Chains:
    """What runs after what in a model, as far as its `nn.Sequential` say.

    Args:
        model: Any module; read only.
    """

    def __init__(self, model: nn.Module) -> None:
        self._uses = Counter(layer for _, layer in places(model))
        self._holders = Counter(
            id(tensor) for module in model.modules() for tensor in module._parameters.values()
        )
        self._chains = list(self._find(model))

    def targets(self, dropout: nn.Module) -> tuple[Place, ...] | str:
        """Find the weights that can take up the factor of a dropout layer.

        Args:
            dropout: A layer of the model.

        Returns:
            One layer for each place of `dropout`; the reason if there is a place without.
        """
        starts = [
            (chain, i) for chain in self._chains for i, (_, at) in enumerate(chain) if at is dropout
        ]
        if len(starts) < self._uses[dropout]:
            return "outside of nn.Sequential, so that what follows is not known"
        found: list[Place] = []
        for chain, i in starts:
            target = self._target(chain[i:])
            if isinstance(target, str):
                return target
            found.append(target)
        return tuple(found)

    def _target(self, chain: list[Place]) -> Place | str:
        for i, (site, layer) in enumerate(chain):
            weighted = type(layer) in _WEIGHTED
            if i > 0 and not weighted and type(layer) not in _HOMOGENEOUS:
                return f"(1 - p) cannot be moved past {site}, {describe(layer)}"
            if _has_hooks(layer):
                return f"{site} has hooks, which would see another tensor"
            if "forward" in vars(layer):
                return f"the forward of {site} was replaced by hand"
            if weighted:
                return self._obstacle(site, layer) or (site, layer)
        return "no layer with weights follows in its nn.Sequential"

    def _obstacle(self, site: str, layer: nn.Module) -> str | None:
        if self._uses[layer] > 1:
            return f"{site} is used in another place too"
        if self._holders[id(layer.weight)] > 1:
            return f"{site} shares its weight with another layer"
        return None

    def _find(self, model: nn.Module) -> Iterator[list[Place]]:
        inner: set[nn.Module] = set()
        for site, parent in model.named_modules():
            if isinstance(parent, nn.Sequential) and _runs_in_order(parent) and parent not in inner:
                yield list(self._flat(site, parent, inner))

    def _flat(self, site: str, parent: nn.Module, inner: set[nn.Module]) -> Iterator[Place]:
        """List what runs in turn, with the inside of blocks that run here and nowhere else."""
        for name, layer in slots(parent):
            here = f"{site}.{name}".lstrip(".")
            block = isinstance(layer, nn.Sequential) and _runs_in_order(layer)
            if block and self._uses[layer] == 1 and not _has_hooks(layer):
                inner.add(layer)
                yield from self._flat(here, layer, inner)
            else:
                yield here, layer
