"""Whether samples that travelled together are those that travelled alone."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor, nn

from ._blocks import Inputs

_ROUNDINGS = 32


def agree(together: Tensor, alone: Tensor, spread: Tensor, epsilon: float) -> bool:
    """Say whether a sample is the same but for rounding, with others in its pass and without.

    Two passes with the same masks differ by rounding, about `epsilon` times the numbers that were
    summed up. Rows that see each other differ by a share of what masks do to a value. The bound
    lies halfway between the two on a logarithmic scale: the root of `epsilon` times the spread,
    and a few roundings of the value itself where masks hardly move it. Where it is wrong, samples
    are drawn one by one without need.

    Args:
        together: Values of the sample out of a pass with others, shape `(N, C)`.
        alone: Those of a pass of its own.
        spread: Of each value over rows and samples, shape `(C,)`.
        epsilon: Of the coarsest type that the model computes in.

    Returns:
        False also where one is NaN.
    """
    if together.shape != alone.shape:
        return False
    size = alone.abs().amax(0)
    bound = math.sqrt(epsilon) * spread + _ROUNDINGS * epsilon * size
    return bool(((together - alone).abs() <= bound).all())


def epsilon_of(model: nn.Module, inputs: Inputs) -> float:
    """Rounding of the coarsest floating-point type that a model holds or is given."""
    given = inputs.values() if isinstance(inputs, Mapping) else (inputs,)
    held = {x.dtype for x in (*model.parameters(), *model.buffers(), *given)}
    devices = {x.device.type for x in given}
    held |= {torch.get_autocast_dtype(x) for x in devices if torch.is_autocast_enabled(x)}
    types = [x for x in held if x.is_floating_point or x.is_complex]
    return max(torch.finfo(x).eps for x in types) if types else torch.finfo(torch.float32).eps
