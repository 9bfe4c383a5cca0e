"""Products with weights that are dropped anew for each sample, in bounded memory.

Sample `n` has a seed of its own, and by it weights of its own: `D[n] = masked_scale(weight,
seeds[n], p, factor)`. All that training needs is one form, linear in each of three things,

```
sum over n of  output[n] . D[n] input[n]
```

Its derivative by `output` is the forward pass, those by `input` and `weight` are the backward
pass, and their derivatives are these three again. So one function does it all: it takes two of
the three and gives the derivative by the third. Masks are drawn where they are used, for so many
samples at a time as fit into `CHUNK`, and never kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from ..kernels import Seed, is_plain, keep_threshold, masked_scale_members, uniform

CHUNK = 2**20
"""How many weights are dropped at a time, unless one sample has more."""


def sample_seeds(seed: Seed, count: int, device: torch.device) -> Tensor:
    """Make many seeds of one.

    Args:
        seed: A number, or int64 of shape `(1,)` on `device`.
        count: How many.
        device: Where they shall be.

    Returns:
        int64, shape `(count,)`, each in `[0, 2**62)`.
    """
    high, low = (uniform((2, count), seed, device) * 2**32).to(torch.int64).unbind()
    return (high << 30) | (low >> 2)


def per_sample_linear(
    x: Tensor, weight: Tensor, seeds: Tensor, p: float | Tensor, factor: float | Tensor
) -> Tensor:
    """Multiply each sample by weights that were dropped for it alone.

    Keeps `x`, `weight` and three numbers a sample for backward, which draws the masks again.

    Args:
        x: Shape `(N, in)`.
        weight: Shape `(out, in)`, with the dtype of `x`.
        seeds: int64, shape `(N,)`.
        p: Probability of dropping a weight, in `[0, 1]`.
        factor: What kept weights are multiplied by.

    Returns:
        Shape `(N, out)`: row `n` is `masked_scale(weight, seeds[n], p, factor) @ x[n]`.
    """
    thresholds = torch.as_tensor(keep_threshold(p), device=seeds.device).expand(seeds.shape)
    factors = torch.as_tensor(factor, dtype=torch.float64, device=seeds.device).expand(seeds.shape)
    return _derivative(_OUTPUT, x, weight, seeds, thresholds, factors)


_OUTPUT, _INPUT, _WEIGHT = range(3)


def _derivative(by: int, *tensors: Tensor) -> Tensor:
    return _Derivative.apply(by, *tensors)  # type: ignore[no-any-return, no-untyped-call]


class _Derivative(torch.autograd.Function):
    """The derivative of the form by one of output, input and weight, for the other two."""

    generate_vmap_rule = True

    @staticmethod
    def forward(
        by: int, first: Tensor, second: Tensor, seeds: Tensor, thresholds: Tensor, factors: Tensor
    ) -> Tensor:
        compute = (_by_output, _by_input, _by_weight)[by]
        return compute(first, second, (seeds, thresholds, factors))

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
        ctx.by, *tensors = inputs
        ctx.save_for_backward(*tensors)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        first, second, *masks = ctx.saved_tensors
        roles = [first, second]
        roles.insert(ctx.by, gradients[0])

        def derivative(by: int) -> Tensor:
            return _derivative(by, *(role for i, role in enumerate(roles) if i != by), *masks)

        others = [role for role in (_OUTPUT, _INPUT, _WEIGHT) if role != ctx.by]
        _, *needed = ctx.needs_input_grad
        one, two = (derivative(by) if needed[i] else None for i, by in enumerate(others))
        return None, one, two, None, None, None


_Masks = tuple[Tensor, Tensor, Tensor]


def _by_output(input: Tensor, weight: Tensor, masks: _Masks) -> Tensor:
    def compute(part: slice) -> Tensor:
        return torch.bmm(_dropped(weight, masks, part), input[part].unsqueeze(2)).squeeze(2)

    return _join(compute, input, weight.shape)


def _by_input(output: Tensor, weight: Tensor, masks: _Masks) -> Tensor:
    def compute(part: slice) -> Tensor:
        return torch.bmm(output[part].unsqueeze(1), _dropped(weight, masks, part)).squeeze(1)

    return _join(compute, output, weight.shape[::-1])


def _join(compute: Callable[[slice], Tensor], rows: Tensor, shape: Sequence[int]) -> Tensor:
    parts = _parts(len(rows), shape[0] * shape[1])
    if not is_plain(rows):
        return torch.cat([compute(part) for part in parts])
    # Were results to lie between the large tensors that made them, the C library could not use
    # the memory of those again.
    result = rows.new_empty(len(rows), shape[0])
    for part in parts:
        result[part] = compute(part)
    return result


def _by_weight(output: Tensor, input: Tensor, masks: _Masks) -> Tensor:
    wide = torch.promote_types(input.dtype, torch.float32)
    total = input.new_zeros((output.shape[1], input.shape[1]), dtype=wide)
    for part in _parts(len(input), total.numel()):
        products = output[part].unsqueeze(2) * input[part].unsqueeze(1)
        dropped = masked_scale_members(products, *(mask[part] for mask in masks))
        total = total + dropped.sum(0, dtype=wide)
    return total.to(input.dtype)


def _dropped(weight: Tensor, masks: _Masks, part: slice) -> Tensor:
    seeds, thresholds, factors = (mask[part] for mask in masks)
    weights = weight.expand(len(seeds), *weight.shape)
    return masked_scale_members(weights, seeds, thresholds, factors)


def _parts(count: int, size: int) -> list[slice]:
    """Cut `count` samples of `size` weights each into parts of `CHUNK` weights at most."""
    step = max(1, CHUNK // max(1, size))
    return [slice(start, start + step) for start in range(0, count, step)]
