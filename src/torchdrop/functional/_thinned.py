"""Which units a mini-batch keeps, and convolutions that compute only these.

What a whole mini-batch drops need not be computed. Kept units are given by their numbers; the
output holds just these, in order, and the next layer takes them as its columns.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor
from torch.nn import functional as F

from ..errors import SettingError
from ..kernels import Seed, keep_probability, kept_numbers, least_numbers
from ._part import take_part

Count: TypeAlias = Literal["binomial", "exact"]


def kept_units(
    units: int, p: float, seed: Seed, device: torch.device, *, count: Count = "binomial"
) -> tuple[Tensor, float]:
    """Draw which units of a layer are kept, for a whole mini-batch.

    Args:
        units: How many there are, at least 1.
        p: Probability of dropping a unit, in `[0, 1]`.
        seed: Of the mask.
        device: Where the numbers shall be.
        count: `binomial` keeps each unit by itself, as `dropout(..., dims=...)` does with the same
            seed. `exact` keeps `round((1 - p) * units)` of them, at least 1: shapes stay the same
            from step to step; units are then slightly less often kept together than alone.

    Returns:
        Numbers of the kept units, ascending, int64; and what their outputs are multiplied by, so
        that the expectation stays.

    Raises:
        SettingError: If `count` is unknown.
    """
    factor = factor_of(units, p, count)
    if count == "binomial":
        return kept_numbers(units, p, seed, device), factor
    return least_numbers(units, number_kept(units, p), seed, device), factor


def number_kept(units: int, p: float) -> int:
    """How many units an exact count keeps.

    Args:
        units: How many there are.
        p: Probability of dropping a unit, in `[0, 1]`.

    Returns:
        At least 1, but for `p = 1`, or where there is none.
    """
    return min(units, max(1, round((1 - p) * units))) if p < 1 else 0


def factor_of(units: int, p: float, count: Count) -> float:
    """What kept units are multiplied by, so that the expectation stays.

    Args:
        units: How many there are.
        p: Probability of dropping a unit, in `[0, 1]`.
        count: As in `kept_units`.

    Returns:
        One over the share of units that is kept; 1 where none is.

    Raises:
        SettingError: If `count` is unknown.
    """
    if count not in ("binomial", "exact"):
        raise SettingError(f"count is 'binomial' or 'exact'; got {count!r}.")
    if count == "binomial":
        share = float(keep_probability(p))
        return 1 / share if share > 0 else 1.0
    kept = number_kept(units, p)
    return units / kept if kept else 1.0


def thinned_convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    rows: Tensor | None,
    columns: Tensor | None,
    **settings: Any,
) -> Tensor:
    """Apply the part of a 2-dimensional convolution that is left when channels are dropped.

    Args:
        x: Shape `(N, kept inputs, H, W)`.
        weight: Shape `(outputs, inputs, h, w)`, of a convolution without groups.
        bias: Shape `(outputs,)`, or none.
        rows: Numbers of the kept output channels; `None` for all.
        columns: Numbers of the kept input channels; `None` for all.
        **settings: `stride`, `padding` and `dilation`, as in `torch.nn.functional.conv2d`.

    Returns:
        Shape `(N, kept outputs, H', W')`.
    """
    part = take_part(weight, rows, columns)
    return F.conv2d(x, part, None if bias is None else take_part(bias, rows), **settings)
