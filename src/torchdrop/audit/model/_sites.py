"""The places that drop, as the modules show them."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from ...sites import Site, layer_sites, number_sites


def sites_of(known: Mapping[nn.Module, str], hidden: Mapping[nn.Module, str]) -> tuple[Site, ...]:
    """List them as `find_sites` does, without the neighbors that no check here asks for.

    Args:
        known: A model's modules with their names. TorchScript among them is left alone.
        hidden: Modules in plain lists and dicts, with their names.

    Returns:
        The sites in the order of the modules.
    """
    sites = [
        site
        for module, name in known.items()
        for site in (*layer_sites(module, name), *number_sites(module, name))
    ]
    sites += [
        s for module, name in hidden.items() for s in layer_sites(module, name, "unregistered")
    ]
    return tuple(sites)
