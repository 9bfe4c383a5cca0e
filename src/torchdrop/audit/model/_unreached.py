"""Dropout that is configured, but that no forward reaches."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Iterator, Mapping, Sequence
from types import CodeType, FunctionType

from torch import nn

from ...sites import Site
from ._built_at import built_at
from ._draft import Draft

_CONTAINERS = (nn.ModuleList, nn.ModuleDict)


def unreached(
    model: nn.Module,
    sites: Sequence[Site],
    entered: Collection[str],
    names: Mapping[str, nn.Module],
) -> Iterator[Draft]:
    """Report layers with p > 0 that a forward does not come by, though it runs their owner.

    Layers of a branch that did not run say nothing; nor do those that the owner's code does read,
    and calls under some condition: blocks without a residual branch keep its dropout.

    Args:
        model: That holds them.
        sites: Its places that drop, measured on an example.
        entered: Names of the modules that a forward in training mode called, without those that
            call functions of dropout: they may do so with the rate of a layer that they hold.
        names: Its modules by name.

    Yields:
        A warning for each.
    """
    layers = [site for site in sites if site.kind in ("module", "unregistered")]
    for site in layers:
        owner = _owner(site.name, names)
        if site.reached is not False or not site.p or owner is None or owner not in entered:
            continue
        attribute = site.name.removeprefix(owner).lstrip(".").partition(".")[0].partition("[")[0]
        if isinstance(names[owner], nn.Sequential) or attribute in _read(type(names[owner])):
            continue
        kind = type(names[owner]).__name__
        message = f"`{site.what}` with p = {site.p:g} is never called, though `{kind}` runs."
        yield Draft("DRP302", "warning", site.name, message, built_at(model, site.name))


def _owner(name: str, names: Mapping[str, nn.Module]) -> str | None:
    """Name the module whose forward should call a layer."""
    while name:
        name = name.rpartition(".")[0]
        if name in names and not isinstance(names[name], _CONTAINERS):
            return name
    return None


def _read(kind: type[nn.Module]) -> set[str]:
    """List the names that the methods of a class read, those of its bases included."""
    bases = [base for base in kind.__mro__ if base is not nn.Module]
    methods = (value for base in bases for value in vars(base).items())
    functions = [f for name, f in methods if isinstance(f, FunctionType) and name != "__init__"]
    return {name for f in functions for name in _names(inspect.unwrap(f).__code__)}


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
