"""Set the p of dropout, wherever a model keeps it."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import TypeVar

from torch import nn

from ..errors import ModelError
from ..functional import check_probability
from ..sites import find_sites
from ._changes import Change, Changes
from ._numbers import number_of, slot_of, write_number
from ._select import select
from ._trial import check_model

M = TypeVar("M", bound=nn.Module)


def set_p_(model: nn.Module, p: float | Mapping[str, float], *, dry_run: bool = False) -> Changes:
    """Set p of every dropout in `model`, or of those that patterns of names choose, in place.

    Reaches what `find_sites` finds without an example: dropout layers, those of other packages and
    those in plain lists included, and numbers in other modules, such as `dropout` of
    `MultiheadAttention` and of `LSTM`, `GRU` and `RNN`, or `attention_dropout` of Hugging Face's.
    One number for all also sets what drops whole branches and layers. Not calls of functions
    whose p is written in the code.

    Args:
        model: Any module; one that is itself a dropout layer included.
        p: Probability of dropping, in `[0, 1]`, for all; or one for each name or pattern, such as
            `{"encoder.*": 0.1, "*": 0.5}`. The first that means a layer counts; layers that none
            means keep theirs. A `*` stands for dots too.
        dry_run: Whether to say what would be changed, and change nothing.

    Returns:
        What was changed, and numbers in a config that modules share, of which only some were
        chosen: those were left alone. A p that was the same already is not listed.

    Raises:
        ModelError: If `model` is no module, has no such dropout, or follows a schedule.
        SettingError: If a p is no probability, or a pattern means no dropout of the model.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 3), nn.Dropout(0.2), nn.LSTM(3, 3, 2, dropout=0.1))
        >>> print(set_p_(model, {"1": 0.5, "*": 0.3}))
        site  before            after             why
        1     Dropout=0.2       Dropout=0.5       asked for
        2     LSTM.dropout=0.1  LSTM.dropout=0.3  asked for
    """
    check_model(model)
    rates = p if isinstance(p, Mapping) else {"*": p}
    for rate in rates.values():
        check_probability(rate)
    sites = [site for site in find_sites(model) if site.attribute is not None]
    if not sites:
        raise ModelError("The model has no dropout that keeps its p as a number.")
    numbers = [number_of(site) for site in sites]
    chosen = dict(select(rates, [(site.name, site.module) for site in sites], "dropout"))
    wanted: dict[tuple[int, str], set[float]] = {}
    for i, (site, now) in enumerate(zip(sites, numbers, strict=True)):
        wanted.setdefault(slot_of(site), set()).add(chosen.get(i, now))
    made: list[Change] = []
    left: list[Change] = []
    for i, rate in chosen.items():
        site, before = sites[i], f"{sites[i].what}={numbers[i]:g}"
        if len(wanted[slot_of(site)]) > 1:
            left.append(Change(site.name, before, before, "it shares this number with others"))
        elif numbers[i] != rate:
            made.append(Change(site.name, before, f"{site.what}={rate:g}", "asked for"))
            if not dry_run:
                write_number(site, rate)
    return Changes(tuple(made), tuple(left))


def set_p(model: M, p: float | Mapping[str, float]) -> M:
    """Copy `model` with another p; see `set_p_`.

    Args:
        model: Any module; left as it is.
        p: As in `set_p_`.

    Returns:
        A deep copy, with the new p.

    Raises:
        ModelError: As in `set_p_`.
        SettingError: As in `set_p_`.

    Example:
        >>> set_p(nn.Dropout(0.2), 0.4)
        Dropout(p=0.4, inplace=False)
    """
    copied = copy.deepcopy(model)
    set_p_(copied, p)
    return copied
