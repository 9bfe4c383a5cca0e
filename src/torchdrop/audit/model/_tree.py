"""What the modules of a model show by themselves: rates, and layers that torch does not see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from ...sites import Site
from ._built_at import built_at
from ._draft import Draft

_HIGH = 0.8
_BLOCKS = (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)


def rates(model: nn.Module, sites: Sequence[Site]) -> Iterator[Draft]:
    """Check that rates lie in their range.

    Args:
        model: That holds them.
        sites: Its places that drop.

    Yields:
        An error where everything is dropped, a warning where nearly everything is.
    """
    for site in sites:
        p, line = vars(site.module).get(site.attribute or "p"), built_at(model, site.name)
        if site.kind == "number":
            continue
        if p is True:
            message = f"`{site.what}` has p = True, which is 1: it drops everything in training."
            yield Draft("DRP109", "error", site.name, message, line)
        elif site.p is None or site.p < _HIGH:
            continue
        elif site.p >= 1:
            message = f"`{site.what}` has p = {site.p:g}: it drops everything in training."
            yield Draft("DRP109", "error", site.name, message, line)
        else:
            plain = isinstance(site.module, _DropoutNd)
            message = f"`{site.what}` has p = {site.p:g}, as if it were the probability of keeping."
            yield Draft("DRP109", "warning" if plain else "advice", site.name, message, line)


def recurrent(model: nn.Module, names: Mapping[nn.Module, str]) -> Iterator[Draft]:
    """Report recurrent layers whose dropout lies between layers that are not there.

    Args:
        model: That holds them.
        names: Its modules.

    Yields:
        A warning for each.
    """
    for module, name in names.items():
        if isinstance(module, nn.RNNBase) and module.num_layers == 1 and module.dropout:
            kind = type(module).__name__
            yield Draft(
                "DRP304",
                "warning",
                name,
                f"`{kind}` has dropout = {module.dropout:g} and one layer: it drops nothing.",
                built_at(model, name),
            )


def unregistered(model: nn.Module, sites: Sequence[Site]) -> Iterator[Draft]:
    """Report dropout layers in plain lists and dicts.

    Args:
        model: That holds them.
        sites: Its places that drop.

    Yields:
        An error for each.
    """
    for site in sites:
        if site.kind == "unregistered" and site.p != 0:
            rate = "" if site.p is None else f" with p = {site.p:g}"
            message = f"`{site.what}`{rate} in a plain list or dict drops in evaluation mode: "
            line = built_at(model, site.name)
            yield Draft("DRP301", "error", site.name, f"{message}eval() misses it.", line)


def partly_disabled(
    model: nn.Module, names: Mapping[nn.Module, str], sites: Sequence[Site]
) -> Iterator[Draft]:
    """Report rates that are left where every `nn.Dropout` was set to 0.

    In one of torch's transformer layers, which sets all its rates alike, that is a warning.

    Args:
        model: That holds them.
        names: Its modules.
        sites: Its places that drop.

    Yields:
        What still drops.
    """
    layers = [module for module in names if isinstance(module, _DropoutNd)]
    if not layers or any(layer.p for layer in layers):
        return
    by_name = {name: module for module, name in names.items()}
    for site in sites:
        if site.kind != "number" or not site.p or site.attribute != "dropout":
            continue
        if not isinstance(site.module, (nn.MultiheadAttention, nn.RNNBase)):
            continue
        block = isinstance(by_name.get(site.name.rpartition(".")[0]), _BLOCKS)
        message = f"`{site.what}` is {site.p:g}, while every dropout layer has p = 0."
        line = built_at(model, site.name)
        yield Draft("DRP312", "warning" if block else "advice", site.name, message, line)
