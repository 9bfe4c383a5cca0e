"""Take dropout out of a model, and keep its names and keys."""

from __future__ import annotations

import copy
from typing import TypeVar

from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from ..nn import ActivationDropout
from ..sites import Site, find_sites
from ._changes import Change, Changes
from ._fold import remainder, take_out_
from ._layers import describe, oddity
from ._numbers import number_of, write_number
from ._recognize import INVERTED, is_ours
from ._trial import check_model

M = TypeVar("M", bound=nn.Module)


def remove_(model: nn.Module, *, dry_run: bool = False) -> Changes:
    """Take all dropout out of `model`, in place: an `Identity` takes each layer's place.

    An `ActivationDropout` becomes its activation. Where p is a number in another module, such as
    `MultiheadAttention`, `LSTM` or a layer of another package, it becomes 0. Names and `state_dict`
    keys stay, and so do the layer objects; evaluation gives the same bits as before. Layers with
    classic scaling (`scale="eval"`) are left, for evaluation would change: `fold_` moves that into
    the weights. Calls of functions whose p is written in the code are not reached.

    Args:
        model: Any module; one that is itself a dropout layer included.
        dry_run: Whether to say what would be changed, and change nothing.

    Returns:
        What was changed, and what was left alone and why.

    Raises:
        ModelError: If `model` is no `torch.nn.Module`.

    Example:
        >>> model = nn.ModuleList([nn.Dropout(0.2), nn.MultiheadAttention(4, 2, dropout=0.1)])
        >>> [change.after for change in remove_(model)]
        ['torch.nn.Identity()', 'MultiheadAttention.dropout=0']
    """
    check_model(model)
    made: list[Change] = []
    left: list[Change] = []
    sites = find_sites(model)
    for site in sites:
        before = describe(site.module)
        why = None if _is_number(site) else _why_left(site.module)
        if why is not None:
            left.append(Change(site.name, before, before, why))
        elif not _is_number(site):
            after = describe(remainder(site.module))
            made.append(Change(site.name, before, after, "evaluation does not need it"))
        elif number_of(site) > 0:
            shown = f"{site.what}={number_of(site):g}"
            made.append(Change(site.name, shown, f"{site.what}=0", "a number, not a layer"))
    if not dry_run:
        for site in sites:
            _clear(site)
    return Changes(tuple(made), tuple(left))


def remove(model: M) -> M:
    """Copy `model` without dropout; see `remove_`.

    Args:
        model: Any module; left as it is.

    Returns:
        A deep copy, without dropout.

    Raises:
        ModelError: If `model` is no `torch.nn.Module`.

    Example:
        >>> remove(nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.2)))
        Sequential(
          (0): Linear(in_features=4, out_features=3, bias=True)
          (1): Identity()
        )
    """
    copied = copy.deepcopy(model)
    remove_(copied)
    return copied


def _why_left(layer: nn.Module) -> str | None:
    if type(layer) not in INVERTED and type(layer) is not ActivationDropout:
        return f"remove does not know how to take {type(layer).__name__} out"
    if getattr(layer, "scale", "train") == "eval":
        return "evaluation scales by 1 - p, which fold_ moves into the weights"
    if isinstance(layer, ActivationDropout) and layer.inplace and "gelu" in layer.activation:
        return "it writes into its input, which torch.nn.GELU cannot"
    return oddity(layer)  # type: ignore[arg-type]


def _is_number(site: Site) -> bool:
    """Whether all that can be done is to set a number: in modules of other kinds and packages."""
    foreign = not isinstance(site.module, _DropoutNd) and not is_ours(site.module)
    return site.attribute is not None and foreign


def _clear(site: Site) -> None:
    if _is_number(site):
        write_number(site, 0.0)
    elif _why_left(site.module) is None:
        take_out_(site.module)
