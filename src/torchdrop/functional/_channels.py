"""Drop whole channels of signals, images and volumes."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import SettingError
from ._dropout import dropout, dropout_


def dropout1d(
    x: Tensor,
    p: float | Tensor = 0.5,
    *,
    training: bool,
    batched: bool = True,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Zero whole channels of signals with probability `p`, and rescale the others.

    In training, `y = x * k / q` with one `k ~ Bernoulli(q)` for each channel of each sample and
    `q = 1 - p`, so `E[y] = x`; out of training `y` is `x` itself.

    Args:
        x: Floating point or complex, shape `(N, C, L)`; `(C, L)` if not `batched`.
        p: Probability of dropping a channel, in `[0, 1]`. Not the keep rate.
        training: Whether to drop at all. Layers pass `self.training`.
        batched: Whether the first axis holds samples; if not, it holds the channels of one.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.

    Returns:
        A tensor with the shape, dtype and device of `x`; `x` itself where nothing changes.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`, or `x` has other axes than these, in training
            or not.
        TypeError: If `x` holds integers or booleans.

    Example:
        >>> import torch
        >>> y = dropout1d(torch.ones(4, 8, 100), 0.5, training=True)
        >>> bool((y == y[:, :, :1]).all())
        True

    Source:
        Tompson et al., "Efficient Object Localization Using Convolutional Networks", CVPR 2015
        ("SpatialDropout"). Differs from torch, which takes features `(N, F)` for an unbatched
        signal and drops whole samples; that input is refused here.
    """
    axes = _channel_axes(x, 1, batched)
    return dropout(x, p, training=training, dims=axes, generator=generator)


def dropout1d_(
    x: Tensor,
    p: float | Tensor = 0.5,
    *,
    training: bool,
    batched: bool = True,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Do what `dropout1d` does and write the result into `x`."""
    axes = _channel_axes(x, 1, batched)
    return dropout_(x, p, training=training, dims=axes, generator=generator)


def dropout2d(
    x: Tensor,
    p: float | Tensor = 0.5,
    *,
    training: bool,
    batched: bool = True,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Zero whole channels of images with probability `p`, and rescale the others.

    In training, `y = x * k / q` with one `k ~ Bernoulli(q)` for each channel of each sample and
    `q = 1 - p`, so `E[y] = x`; out of training `y` is `x` itself.

    Args:
        x: Floating point or complex, shape `(N, C, H, W)`; `(C, H, W)` if not `batched`.
        p: Probability of dropping a channel, in `[0, 1]`. Not the keep rate.
        training: Whether to drop at all. Layers pass `self.training`.
        batched: Whether the first axis holds samples; if not, it holds the channels of one.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.

    Returns:
        A tensor with the shape, dtype and device of `x`; `x` itself where nothing changes.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`, or `x` has other axes than these, in training
            or not.
        TypeError: If `x` holds integers or booleans.

    Example:
        >>> import torch
        >>> y = dropout2d(torch.ones(4, 8, 10, 10), 0.5, training=True)
        >>> bool((y == y[:, :, :1, :1]).all())
        True

    Source:
        Tompson et al., as for `dropout1d`. Differs from torch, which warns of three axes and
        treats them as `(N, C, L)`; that input is refused here.
    """
    axes = _channel_axes(x, 2, batched)
    return dropout(x, p, training=training, dims=axes, generator=generator)


def dropout2d_(
    x: Tensor,
    p: float | Tensor = 0.5,
    *,
    training: bool,
    batched: bool = True,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Do what `dropout2d` does and write the result into `x`."""
    axes = _channel_axes(x, 2, batched)
    return dropout_(x, p, training=training, dims=axes, generator=generator)


def dropout3d(
    x: Tensor,
    p: float | Tensor = 0.5,
    *,
    training: bool,
    batched: bool = True,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Zero whole channels of volumes with probability `p`, and rescale the others.

    In training, `y = x * k / q` with one `k ~ Bernoulli(q)` for each channel of each sample and
    `q = 1 - p`, so `E[y] = x`; out of training `y` is `x` itself.

    Args:
        x: Floating point or complex, shape `(N, C, D, H, W)`; `(C, D, H, W)` if not `batched`.
        p: Probability of dropping a channel, in `[0, 1]`. Not the keep rate.
        training: Whether to drop at all. Layers pass `self.training`.
        batched: Whether the first axis holds samples; if not, it holds the channels of one.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.

    Returns:
        A tensor with the shape, dtype and device of `x`; `x` itself where nothing changes.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`, or `x` has other axes than these, in training
            or not.
        TypeError: If `x` holds integers or booleans.

    Example:
        >>> import torch
        >>> y = dropout3d(torch.ones(4, 8, 5, 5, 5), 0.5, training=True)
        >>> bool((y == y[:, :, :1, :1, :1]).all())
        True

    Source:
        Tompson et al., as for `dropout1d`. Differs from torch, which silently takes four axes
        for one volume, and so images `(N, C, H, W)` too; that input is refused here.
    """
    axes = _channel_axes(x, 3, batched)
    return dropout(x, p, training=training, dims=axes, generator=generator)


def dropout3d_(
    x: Tensor,
    p: float | Tensor = 0.5,
    *,
    training: bool,
    batched: bool = True,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Do what `dropout3d` does and write the result into `x`."""
    axes = _channel_axes(x, 3, batched)
    return dropout_(x, p, training=training, dims=axes, generator=generator)


_SPACE = {1: "L", 2: "H, W", 3: "D, H, W"}


def _channel_axes(x: Tensor, spatial: int, batched: bool) -> tuple[int, ...]:
    """The axes that a mask of channels has, if `x` has as many axes as it should."""
    axes = (0, 1) if batched else (0,)
    if x.ndim != spatial + len(axes):
        raise SettingError(
            f"dropout{spatial}d takes ({'N, ' if batched else ''}C, {_SPACE[spatial]})"
            f"{'' if batched else ' with batched=False'}; got an input with {x.ndim} axes, of "
            f"shape {tuple(x.shape)}. Use {' or '.join(_fitting(x.ndim, spatial, batched))}."
        )
    return axes


def _fitting(ndim: int, spatial: int, batched: bool) -> list[str]:
    """What takes an input with `ndim` axes instead."""
    flag = "" if batched else " with batched=False"
    channels, other = (2 if batched else 1), ndim - (2 if batched else 1)
    if other in _SPACE:
        ways = [f"Dropout{other}d (dropout{other}d){flag}"]
    elif other < 1:
        ways = ["Dropout (dropout) for single features"]
    else:
        ways = [f"Dropout (dropout) with dims={tuple(range(channels))}"]
    if batched and other == spatial - 1:
        ways.append(f"batched=False or x.unsqueeze(0) for one (C, {_SPACE[spatial]})")
    if not batched and other == spatial + 1:
        ways.append(f"batched=True for (N, C, {_SPACE[spatial]})")
    return ways
