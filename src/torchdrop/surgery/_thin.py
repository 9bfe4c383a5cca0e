"""Let chains compute only the units that their dropout keeps."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from torch import nn

from ..errors import ModelError
from ..functional import Count, check_probability
from ..kernels import Matmul
from ..nn import ThinnedSequential, sites_to_thin, thinned_pair
from ._changes import Change, Changes
from ._layers import become
from ._thin_pairs import Pair, find_pairs
from ._trial import check_model, shadow

M = TypeVar("M", bound=nn.Module)


def thin_(
    model: nn.Module,
    p: float | None = None,
    *,
    example: Any = None,
    count: Count = "binomial",
    groups: int = 1,
    hold: int = 1,
    always: bool = False,
    write_gradients: bool = False,
    matmul: Matmul = "torch",
    dry_run: bool = False,
) -> Changes:
    """Let everything in `model` that can be thinned skip what its dropout drops, in place.

    That is a chain: a `torch.nn.Sequential` with dropout between two Linear, or channel dropout
    between two Conv2d, and nothing but activations (or a batch norm) before it. It becomes a
    `torchdrop.nn.ThinnedSequential`. And it is a pair: two Linear with an activation and dropout
    between them, in a module with a forward of its own. Their classes change. In both, objects,
    names and `state_dict` keys stay, and evaluation gives the same bits. In training, a whole
    mini-batch drops the same units, which are not computed where that is faster; `print(model)`
    says from how many rows on.

    Pairs are known in `torch.nn.TransformerEncoderLayer` and `TransformerDecoderLayer`, and in
    classes built on `Sequential`; all others are found by running `example` through a copy.

    Args:
        model: Any module.
        p: Probability of dropping for the dropout layers that are thinned; `None` leaves theirs.
        example: What the model is called with: a tensor, a tuple of arguments, or a mapping of
            named ones. It is run in both modes, without gradients.
        count: As in `ThinnedSequential`.
        groups: As in `ThinnedSequential`. With more than one, pairs are left alone.
        hold: As in `ThinnedSequential`. Above 1, not for pairs under `torch.utils.checkpoint`.
        always: Whether small chains and pairs are thinned too, which step aside otherwise.
        write_gradients: As in `ThinnedSequential`.
        matmul: As in `ThinnedSequential`; pairs keep torch's library.
        dry_run: Whether to say what would be changed, and change nothing.

    Returns:
        What was changed, an entry for each chain and each pair, and what has dropout and was left
        alone.

    Raises:
        ModelError: If there is nothing to thin.
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
    pairs, left = find_pairs(model, example)
    settings: dict[str, Any] = {"count": count, "hold": hold, "always": always}
    settings["write_gradients"] = write_gradients
    if groups > 1:
        why = "groups are drawn in a torch.nn.Sequential only"
        left += [Change(x.dropout, "Dropout", "Dropout", why) for x in pairs]
        pairs = []
    chains, others = _thin_chains(model, p, {**settings, "groups": groups, "matmul": matmul}, pairs)
    made = [*chains, *(_thin_pair(model, pair, p, settings) for pair in pairs)]
    left = [*others, *left]
    if not made:
        told = "".join(f" {change.site or '(model)'}: {change.why}." for change in left)
        raise ModelError(
            "There is no chain to thin, a torch.nn.Sequential with Linear, activation, Dropout, "
            f"Linear, or Conv2d, activation, Dropout2d, Conv2d, and no such pair of Linear.{told}"
        )
    order = {site: i for i, (site, _) in enumerate(model.named_modules())}
    made.sort(key=lambda change: order[change.site])
    return Changes(tuple(made), tuple(left))


def thin(
    model: M,
    p: float | None = None,
    *,
    example: Any = None,
    count: Count = "binomial",
    groups: int = 1,
    hold: int = 1,
    always: bool = False,
    write_gradients: bool = False,
    matmul: Matmul = "torch",
) -> M:
    """Copy `model` with thinned chains; see `thin_`.

    Args:
        model: Any module; left as it is.
        p: As in `thin_`.
        example: As in `thin_`.
        count: As in `thin_`.
        groups: As in `thin_`.
        hold: As in `thin_`.
        always: As in `thin_`.
        write_gradients: As in `thin_`.
        matmul: As in `thin_`.

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
        example=example,
        count=count,
        groups=groups,
        hold=hold,
        always=always,
        write_gradients=write_gradients,
        matmul=matmul,
    )
    return copied


def _thin_chains(
    model: nn.Module, p: float | None, settings: dict[str, Any], pairs: list[Pair]
) -> tuple[list[Change], list[Change]]:
    made, left = [], []
    paired = {model.get_submodule(pair.dropout) for pair in pairs}
    for site, chain in model.named_modules():
        if type(chain) is not nn.Sequential:
            continue
        names, layers = list(chain._modules), list(chain)
        sites = sites_to_thin(layers)
        if sites:
            become(chain, ThinnedSequential(dict(chain.named_children()), **settings))
            rates = [_set_rate(layers[i], p) for i in sites]
            drops = ", ".join(f"{names[i]} (p={q:g})" for i, q in zip(sites, rates, strict=True))
            why = f"units dropped by {drops} are not computed"
            made.append(Change(site, "Sequential", "ThinnedSequential", why))
        elif any(isinstance(x, (nn.Dropout, nn.Dropout2d)) and x not in paired for x in layers):
            why = "its dropout does not stand between two Linear or two Conv2d"
            left.append(Change(site, "Sequential", "Sequential", why))
    return made, left


def _thin_pair(model: nn.Module, pair: Pair, p: float | None, settings: dict[str, Any]) -> Change:
    layers: Any = [model.get_submodule(x) for x in (pair.first, pair.dropout, pair.second)]
    rate = _set_rate(layers[1], p)
    for layer, like in zip(layers, thinned_pair(*layers, **settings), strict=True):
        become(layer, like)
    start = len(pair.block) + 1 if pair.block else 0
    first, dropout = pair.first[start:], pair.dropout[start:]
    why = f"units of {first} dropped by {dropout} (p={rate:g}) are not computed"
    kind = type(model.get_submodule(pair.block)).__name__
    return Change(pair.block, kind, f"{kind}, thinned", why)


def _set_rate(layer: Any, p: float | None) -> float:
    if p is not None:
        layer.p = p
    rate: float = layer.p
    return rate
