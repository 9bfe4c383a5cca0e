"""Drop elements, each by a draw of its own or many by one."""

from __future__ import annotations

import torch
from torch import Tensor

from ..kernels import keep_probability, masked_scale, masked_scale_, seed_for
from ._settings import (
    Scale,
    check_dtype,
    check_scale,
    known_rate,
    mask_shape,
    shared_mask_scale,
    training_factor,
)


def dropout(
    x: Tensor,
    p: float | Tensor = 0.5,
    *,
    training: bool,
    dims: tuple[int, ...] | None = None,
    generator: torch.Generator | None = None,
    scale: Scale = "train",
) -> Tensor:
    """Zero each element with probability `p`, and rescale so that the expectation stays.

    In training, `y = x * k / q` with `k ~ Bernoulli(q)` for each element and `q = 1 - p`, so
    `E[y] = x`; out of training `y` is `x` itself. With `scale="eval"`, the classic scheme,
    training gives `y = x * k` and evaluation `y = x * q`. `q` is the probability that the mask
    stream realizes, exact to 2**-33. Dropped elements are exactly 0, NaN and infinity included,
    and so are their gradients.

    Args:
        x: Floating point or complex, any shape.
        p: Probability of dropping an element, in `[0, 1]`. Not the keep rate.
        training: Whether to drop at all. Layers pass `self.training`.
        dims: Axes along which draws are independent; along the others the mask is shared. `None`
            means all axes. `(0, 1)` drops whole channels of each sample; `(-1,)` drops the same
            features in the whole batch.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.
        scale: `train` divides by `1 - p` in training (inverted dropout, as torch does); `eval`
            multiplies by `1 - p` in evaluation.

    Returns:
        A tensor with the shape, dtype and device of `x`; `x` itself where nothing changes.

    Raises:
        SettingError: If `p` lies outside `[0, 1]` or `scale` is unknown.
        TypeError: If `x` holds integers or booleans.

    Example:
        >>> import torch
        >>> x = torch.ones(4, 8)
        >>> y = dropout(x, 0.5, training=True)
        >>> bool(((y == 0) | (y == 2)).all())
        True
        >>> dropout(x, 0.5, training=False) is x
        True

    Source:
        Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
        JMLR 15 (2014), section 4. Differs: the paper's p is the probability of keeping, and it
        scales at test time, which is `scale="eval"` here.
    """
    p = known_rate(p, x)
    check_scale(scale)
    check_dtype(x)
    if not training:
        return x if scale == "train" or _is_zero(p) else x * keep_probability(p)
    if _is_zero(p):
        return x
    seed, factor = seed_for(x, generator), training_factor(p, scale)
    if dims is None:
        return masked_scale(x, seed, p, factor)
    return shared_mask_scale(x, mask_shape(x, dims), seed, p, factor)


def dropout_(
    x: Tensor,
    p: float | Tensor = 0.5,
    *,
    training: bool,
    dims: tuple[int, ...] | None = None,
    generator: torch.Generator | None = None,
    scale: Scale = "train",
) -> Tensor:
    """Do what `dropout` does and write the result into `x`.

    Args:
        x: As in `dropout`; changed in place.
        p: Probability of dropping an element, in `[0, 1]`.
        training: Whether to drop at all.
        dims: As in `dropout`.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.
        scale: As in `dropout`.

    Returns:
        `x` itself.
    """
    p = known_rate(p, x)
    if not training or dims is not None or _is_zero(p):
        y = dropout(x, p, training=training, dims=dims, generator=generator, scale=scale)
        return x if y is x else x.copy_(y)
    check_scale(scale)
    check_dtype(x)
    return masked_scale_(x, seed_for(x, generator), p, training_factor(p, scale))


def _is_zero(p: float | Tensor) -> bool:
    return not isinstance(p, Tensor) and p == 0
