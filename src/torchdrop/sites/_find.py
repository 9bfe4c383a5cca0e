"""Find every place where a model drops something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import nn

from ._modules import layer_sites
from ._names import named_modules
from ._neighbors import neighbors
from ._numbers import number_sites
from ._observe import observe
from ._rates import measured
from ._site import Site
from ._unregistered import unregistered_modules


def find_sites(model: nn.Module, example: Any = None) -> tuple[Site, ...]:
    """List the places where a model drops something.

    Without an example, what the modules show: dropout layers, rates that other modules keep as a
    number, and layers in plain lists and dicts. With one, the model runs on it once in training
    mode and once in evaluation mode, which finds functional calls too, measures the rates, tells
    whether each site stops in evaluation, and shows the data flow. The runs are without gradients
    and at a fixed seed, and leave no trace: modes, buffers, attributes and random states are put
    back.

    Args:
        model: Any module; of a compiled one, the original is looked at.
        example: An input as the model takes it: one tensor, a tuple of arguments, or a dict of
            keyword arguments. The more elements, the nearer is a measured rate to the true one.

    Returns:
        The sites in the order of `model.named_modules()`. A layer that is used in several places
        is one site.

    Raises:
        SettingError: If `example` is of another kind.
        ModelError: If the model does not run on it.

    Example:
        >>> import torch
        >>> model = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Dropout(0.5), nn.Linear(4, 2))
        >>> (site,) = find_sites(model)
        >>> site.name, site.p, site.before, site.after
        ('2', 0.5, '1 (ReLU)', '3 (Linear)')
    """
    known = named_modules(model)
    hidden = unregistered_modules(known)
    names = {**known, **hidden}
    sites = [
        site
        for module, name in known.items()
        for site in (*layer_sites(module, name), *number_sites(module, name))
    ]
    for module, name in hidden.items():
        sites += layer_sites(module, name, "unregistered")
    if example is None:
        return tuple(_beside(sites, known))
    sites = measured(sites, observe(model, example, names, sites), names)
    order = {module: index for index, module in enumerate(names)}
    return tuple(sorted(sites, key=lambda site: order[site.module]))


def _beside(sites: Sequence[Site], names: Mapping[nn.Module, str]) -> list[Site]:
    beside = neighbors(names)
    nothing = None, None
    pairs = [(site, beside.get(site.module, nothing)) for site in sites]
    return [replace(site, before=before, after=after) for site, (before, after) in pairs]
