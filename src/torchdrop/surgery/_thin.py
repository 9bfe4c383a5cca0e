"""Let chains compute only the units that their dropout keeps."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from torch import nn

from ..errors import ModelError
from ..functional import Count, check_probability
from ..nn import ThinnedSequential, sites_to_thin
from ._changes import Change, Changes
from ._layers import become
from ._trial import check_model, shadow

M = TypeVar("M", bound=nn.Module)


def thin_(
    model: nn.Module,
    p: float | None = None,
    *,
    count: Count = "binomial",
    groups: int = 1,
    hold: int = 1,
    always: bool = False,
    write_gradients: bool = False,
    dry_run: bool = False,
) -> Changes:
    """Let every chain in `model` that can be thinned skip what it drops, in place.

    A chain is a `torch.nn.Sequential` with dropout between two Linear, or channel dropout between
    two Conv2d, and nothing but activations (or a batch norm) before it. It becomes a
    `torchdrop.nn.ThinnedSequential`: the object, its layers, names and `state_dict` keys stay, and
    evaluation gives the same bits. In training, a whole mini-batch drops the same units, which
    are not computed where that is faster; `print(model)` says from how many rows on.

    Args:
        model: Any module.
        p: Probability of dropping for the dropout layers that are thinned; `None` leaves theirs.
        count: As in `ThinnedSequential`.
        groups: As in `ThinnedSequential`.
        hold: As in `ThinnedSequential`.
        always: Whether small chains are thinned too, which step aside otherwise.
        write_gradients: As in `ThinnedSequential`.
        dry_run: Whether to say what would be changed, and change nothing.

    Returns:
        What was changed, an entry for each chain, and chains with dropout that were left alone.

    Raises:
        ModelError: If there is no chain to thin.
        SettingError: If a setting is out of range.

    Example:
        >>> from torch import nn
        >>> model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.5), nn.Linear(8, 2))
        >>> print(thin_(model))
        site     before      after              why
        (model)  Sequential  ThinnedSequential  units dropped by 2 (p=0.5) are not computed
    """
    check_model(model)
    if p is not None:
        check_probability(p)
    if dry_run:
        model = shadow(model)
    made, left = [], []
    for site, chain in model.named_modules():
        if type(chain) is not nn.Sequential:
            continue
        names, layers = list(chain._modules), list(chain)
        sites = sites_to_thin(layers)
        if sites:
            like = ThinnedSequential(
                dict(chain.named_children()),
                count=count,
                groups=groups,
                hold=hold,
                always=always,
                write_gradients=write_gradients,
            )
            become(chain, like)
            rates = [_set_rate(layers[i], p) for i in sites]
            drops = ", ".join(f"{names[i]} (p={q:g})" for i, q in zip(sites, rates, strict=True))
            why = f"units dropped by {drops} are not computed"
            made.append(Change(site, "Sequential", "ThinnedSequential", why))
        elif any(isinstance(layer, (nn.Dropout, nn.Dropout2d)) for layer in layers):
            why = "its dropout does not stand between two Linear or two Conv2d"
            left.append(Change(site, "Sequential", "Sequential", why))
    if not made:
        raise ModelError(
            "There is no chain to thin: a torch.nn.Sequential with Linear, activation, Dropout, "
            "Linear, or Conv2d, activation, Dropout2d, Conv2d."
        )
    return Changes(tuple(made), tuple(left))


def thin(
    model: M,
    p: float | None = None,
    *,
    count: Count = "binomial",
    groups: int = 1,
    hold: int = 1,
    always: bool = False,
    write_gradients: bool = False,
) -> M:
    """Copy `model` with thinned chains; see `thin_`.

    Args:
        model: Any module; left as it is.
        p: As in `thin_`.
        count: As in `thin_`.
        groups: As in `thin_`.
        hold: As in `thin_`.
        always: As in `thin_`.
        write_gradients: As in `thin_`.

    Returns:
        A deep copy, thinned.

    Raises:
        ModelError: If there is no chain to thin.
        SettingError: If a setting is out of range.
    """
    copied = copy.deepcopy(model)
    thin_(
        copied,
        p,
        count=count,
        groups=groups,
        hold=hold,
        always=always,
        write_gradients=write_gradients,
    )
    return copied


def _set_rate(layer: Any, p: float | None) -> float:
    if p is not None:
        layer.p = p
    rate: float = layer.p
    return rate
