"""Find every place where a model drops something."""

from __future__ import annotations

from typing import Any

from torch import nn

from ._modules import layer_sites
from ._names import named_modules
from ._numbers import number_sites
from ._site import Site
from ._unregistered import unregistered_modules


def find_sites(model: nn.Module, example: Any = None) -> tuple[Site, ...]:
    """List the places where a model drops something."""
    known = named_modules(model)
    sites = [
        site
        for module, name in known.items()
        for site in (*layer_sites(module, name), *number_sites(module, name))
    ]
    for module, name in unregistered_modules(known).items():
        sites += layer_sites(module, name, "unregistered")
    return tuple(sites)
