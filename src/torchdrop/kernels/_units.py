"""Units of a layer that a whole mini-batch keeps."""

from __future__ import annotations

import torch
from torch import Tensor

from . import _native
from ._choice import kernel
from ._ops import draw_mask
from ._seeds import Seed, is_plain
from ._stream import keep_threshold
from ._uniform import uniform

_EXACT = (torch.float32, torch.float64)


def kept_numbers(units: int, p: float, seed: Seed, device: torch.device) -> Tensor:
    """Draw each unit by itself.

    Args:
        units: How many there are.
        p: Probability of dropping a unit, in `[0, 1]`.
        seed: Of the mask, as `masked_scale` draws it for `units` elements.
        device: Where the numbers shall be.

    Returns:
        Numbers of the kept units, ascending, int64.
    """
    order = _native_order(units, seed, device)
    if order is not None:
        numbers = torch.empty(units, dtype=torch.int64)
        return numbers[: _native.kept_units_into(order, keep_threshold(p), numbers)]
    like = torch.empty(0, device=device)
    return draw_mask((units,), seed, p, like).nonzero().flatten()


def least_numbers(units: int, kept: int, seed: Seed, device: torch.device) -> Tensor:
    """Draw a number of units, each set of them as likely as any other.

    Args:
        units: How many there are, below 2**20.
        kept: How many are drawn, at most `units`.
        seed: Of the numbers, as `uniform` draws them.
        device: Where the numbers shall be.

    Returns:
        Those with the least uniform numbers, ascending, int64; of equals, the first.
    """
    order = _native_order(units, seed, device)
    if order is not None:
        numbers = torch.empty(kept, dtype=torch.int64)
        _native.least_units_into(order, numbers)
        return numbers
    order = uniform((units,), seed, device)
    order += torch.arange(units, device=device) * 2.0**-53  # numbers in steps of 2**-32: no ties
    return order.topk(kept, largest=False, sorted=False).indices.sort().values


def draw_units_of_layers(
    seeds: Tensor, rules: _native.Rules, units: int, dtype: torch.dtype
) -> tuple[Tensor, list[int], Tensor | None] | None:
    """Draw the kept units of several layers in one call of the native kernel, if it can.

    Args:
        seeds: int64, one for each layer.
        rules: As in `_native.draw_units_into`.
        units: Of all layers together.
        dtype: Of the factors that are wanted.

    Returns:
        Numbers of the kept units, those of a layer where its units begin; how many each layer
        keeps; and one factor for each unit, 0 where it is dropped, for float32 and float64 only.
        `None` where the native kernel does not run, or the seeds are not plain.
    """
    build = kernel().build
    if build is None or not seeds.is_cpu or not is_plain(seeds):
        return None
    numbers = torch.empty(units, dtype=torch.int64)
    factors = torch.zeros(units, dtype=dtype) if dtype in _EXACT else None
    counts = _native.draw_units_into(build, seeds, rules, numbers, factors)
    return numbers, counts, factors


def _native_order(units: int, seed: Seed, device: torch.device) -> Tensor | None:
    """The units' uniform numbers, without the dispatcher; `None` where it must be asked."""
    build = kernel().build
    if build is None or device.type != "cpu":
        return None
    order = torch.empty(units, dtype=torch.float64)
    if not is_plain(order) or not (isinstance(seed, int) or is_plain(seed)):
        return None
    _native.uniform_into(build, order, int(seed))
    return order
