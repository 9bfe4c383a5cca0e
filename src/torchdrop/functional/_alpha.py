"""Dropout for networks of SELU: it keeps the mean at 0 and the variance at 1."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import SettingError
from ..kernels import keep_probability, masked_scale, seed_for
from ._settings import check_dtype, known_rate, mask_shape, shared_mask_scale

# What SELU tends to for large negative inputs: minus its scale times its alpha.
_SATURATION = -1.7580993408473766
_WIDENED = (torch.float16, torch.bfloat16)


def alpha_dropout(
    x: Tensor,
    p: float | Tensor = 0.5,
    *,
    training: bool,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Set each element to SELU's saturation with probability `p`, then shift and scale.

    In training, `y = a * (x * k + alpha * (1 - k)) + b` with `k ~ Bernoulli(q)` for each element,
    `q = 1 - p`, `alpha = -1.7580993408473766`, `a = (q * (1 + p * alpha**2))**-0.5` and
    `b = -a * p * alpha`. Where `x` has mean 0 and variance 1, so has `y`; for other inputs neither
    is kept. Out of training `y` is `x` itself. Every dropped element is the same number,
    `a * alpha * q`, NaN and infinity included, and gets gradient 0. At `p = 1` that number is 0,
    the formula's limit. For backward the mask is drawn again from its seed.

    Args:
        x: Floating point, any shape.
        p: Probability of dropping an element, in `[0, 1]`. Not the keep rate.
        training: Whether to drop at all; no default, for torch's function has `False` here and
            does nothing without it.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.

    Returns:
        A tensor with the shape, dtype and device of `x`; `x` itself where nothing changes.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`.
        TypeError: If `x` is not floating point.

    Example:
        >>> import torch
        >>> generator = torch.Generator().manual_seed(0)
        >>> x = torch.randn(10_000, generator=generator)
        >>> y = alpha_dropout(x, 0.3, training=True, generator=generator)
        >>> bool(y.mean().abs() < 0.05) and bool((y.std() - 1).abs() < 0.05)
        True
        >>> alpha_dropout(x, 0.3, training=False) is x
        True

    Source:
        Klambauer, Unterthiner, Mayr and Hochreiter, "Self-Normalizing Neural Networks", NeurIPS
        2017, section "New Dropout Technique".
    """
    return _alpha(x, p, None, training, generator)


def alpha_dropout_(
    x: Tensor,
    p: float | Tensor = 0.5,
    *,
    training: bool,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Do what `alpha_dropout` does and write the result into `x`."""
    y = alpha_dropout(x, p, training=training, generator=generator)
    return x if y is x else x.copy_(y)


def feature_alpha_dropout(
    x: Tensor,
    p: float | Tensor = 0.5,
    *,
    training: bool,
    batched: bool = True,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Do what `alpha_dropout` does to whole channels of each sample.

    The formula of `alpha_dropout` with one `k` for each channel of each sample. Where `x` has mean
    0 and variance 1, so has `y`, over all masks; out of training `y` is `x` itself.

    Args:
        x: Floating point, shape `(N, C, ...)` with one axis or more after the channels;
            `(C, ...)` if not `batched`.
        p: Probability of dropping a channel, in `[0, 1]`. Not the keep rate.
        training: Whether to drop at all; no default, for torch's function has `False` here.
        batched: Whether the first axis holds samples; if not, it holds the channels of one.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.

    Returns:
        A tensor with the shape, dtype and device of `x`; `x` itself where nothing changes.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`, or `x` has too few axes.
        TypeError: If `x` is not floating point.

    Example:
        >>> import torch
        >>> y = feature_alpha_dropout(torch.ones(2, 3, 8, 8), 0.5, training=True)
        >>> bool((y == y[:, :, :1, :1]).all())
        True

    Source:
        Klambauer et al. as for `alpha_dropout`, and whole channels of Tompson et al. as for
        `dropout2d`. Differs from torch, which reads the channels of an unbatched input as
        samples.
    """
    axes = (0, 1) if batched else (0,)
    if x.ndim <= len(axes):
        raise SettingError(
            f"feature_alpha_dropout takes {'(N, C, ...)' if batched else '(C, ...)'}, with an axis "
            f"or more after the channels; got an input with {x.ndim} axes, of shape "
            f"{tuple(x.shape)}. Use AlphaDropout (alpha_dropout) for features (N, F)"
            f"{', or batched=False for the channels of one sample' if batched else ''}."
        )
    return _alpha(x, p, axes, training, generator)


def feature_alpha_dropout_(
    x: Tensor,
    p: float | Tensor = 0.5,
    *,
    training: bool,
    batched: bool = True,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Do what `feature_alpha_dropout` does and write the result into `x`."""
    y = feature_alpha_dropout(x, p, training=training, batched=batched, generator=generator)
    return x if y is x else x.copy_(y)


def _alpha(
    x: Tensor,
    p: float | Tensor,
    axes: tuple[int, ...] | None,
    training: bool,
    generator: torch.Generator | None,
) -> Tensor:
    """Compute `a * k * (x - alpha) + a * alpha * q`: the formula, with the mask used only once."""
    p = known_rate(p, x)
    if x.is_complex():
        raise TypeError(f"alpha dropout works on floating point tensors; got {x.dtype}.")
    check_dtype(x)
    if not training or (not isinstance(p, Tensor) and p == 0):
        return x
    seed, q = seed_for(x, generator), _kept(p)
    slope = _slope(q)
    wide = x.float() if x.dtype in _WIDENED else x
    above = wide - _SATURATION
    if axes is None:
        scaled = masked_scale(above, seed, p, slope)
    else:
        scaled = shared_mask_scale(above, mask_shape(x, axes), seed, p, slope)
    dropped = slope * q * _SATURATION
    if isinstance(dropped, Tensor):
        dropped = dropped.to(wide.dtype)
    return (scaled + dropped).to(x.dtype)


def _kept(p: float | Tensor) -> float | Tensor:
    """The `q` of the formula, as the mask stream realizes it."""
    return keep_probability(p).double() if isinstance(p, Tensor) else keep_probability(p)


def _slope(q: float | Tensor) -> float | Tensor:
    """The `a` of the formula; 0 at q = 0, where no kept element is left to scale."""
    variance = q * (1 + (1 - q) * _SATURATION**2)
    if isinstance(variance, Tensor):
        return torch.where(variance > 0, variance.clamp_min(2.0**-32).rsqrt(), 0.0)
    return variance**-0.5 if variance > 0 else 0.0
