"""Noise from the normal distribution: multiplied in, the twin of dropout, or added."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from ..errors import SettingError
from ..kernels import normal, seed_for
from ._settings import check_dtype, check_probability, known_rate

_WIDENED = (torch.float16, torch.bfloat16)


def gaussian_dropout(
    x: Tensor,
    p: float | Tensor = 0.5,
    *,
    training: bool,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Multiply each element by normal noise with the mean and variance of dropout's mask.

    In training, `y = x * xi` with `xi ~ N(1, p / (1 - p))` for each element, so `E[y] = x` and
    `Var[y]` is that of `dropout` with the same `p`; nothing is set to 0. Since the noise has mean
    1, there is no scale to choose: out of training `y` is `x` itself. For backward the noise is
    drawn again from its seed.

    Args:
        x: Floating point or complex, any shape.
        p: Probability of dropping of the dropout whose noise this imitates, in `[0, 1)`. Not the
            variance, nor the keep rate.
        training: Whether to draw noise at all. Layers pass `self.training`.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.

    Returns:
        A tensor with the shape, dtype and device of `x`; `x` itself where nothing changes.

    Raises:
        SettingError: If `p` lies outside `[0, 1)`: at 1 the variance is infinite. A rate that is
            held in a tensor is not read under a compiler or a transform; at 1 the result is
            infinite there.
        TypeError: If `x` holds integers or booleans.

    Example:
        >>> import torch
        >>> x = torch.tensor([0.0, 2.0])
        >>> y = gaussian_dropout(x, 0.5, training=True)
        >>> (y == x).tolist()
        [True, False]
        >>> gaussian_dropout(x, 0.5, training=False) is x
        True

    Source:
        Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting",
        JMLR 15 (2014), section 10, whose p is the probability of keeping. Differs from Keras,
        whose layer accepts p = 1 and divides by zero when called.
    """
    p = known_rate(p, x)
    check_dtype(x)
    if not isinstance(p, Tensor):
        check_finite_variance(p)
    if not training or (not isinstance(p, Tensor) and p == 0):
        return x
    seed = torch.as_tensor(seed_for(x, generator), device=x.device).reshape(1)
    rate = torch.as_tensor(p, dtype=torch.float64, device=x.device).detach()
    return _scale_by_noise(x, seed, (rate / (1 - rate)).sqrt())


def gaussian_noise(
    x: Tensor,
    std: float,
    *,
    training: bool,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Add normal noise to each element, for the inputs of a network.

    In training, `y = x + std * eps` with `eps ~ N(0, 1)` for each element, so `E[y] = x`; out of
    training `y` is `x` itself. The gradient passes unchanged, so nothing is kept for backward.

    Args:
        x: Floating point, any shape.
        std: Standard deviation of the noise, at least 0, in the units of `x`. Not a probability.
        training: Whether to add noise at all. Layers pass `self.training`.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.

    Returns:
        A tensor with the shape, dtype and device of `x`; `x` itself where nothing changes.

    Raises:
        SettingError: If `std` is negative or not finite.
        TypeError: If `x` is not floating point.

    Example:
        >>> import torch
        >>> x = torch.zeros(3)
        >>> bool((gaussian_noise(x, 0.1, training=True) != 0).all())
        True
        >>> gaussian_noise(x, 0.1, training=False) is x
        True

    Source:
        Bishop, "Training with Noise is Equivalent to Tikhonov Regularization", Neural Computation
        7 (1995).
    """
    check_std(std)
    if not x.is_floating_point():
        raise TypeError(
            f"gaussian_noise works on floating point tensors; got {x.dtype}. Convert it with "
            ".float() first."
        )
    if not training or std == 0:
        return x
    wide = _widened(x)
    noise = std * normal(x.shape, seed_for(x, generator), x.device)
    return (wide + noise.to(wide.dtype)).to(x.dtype)


def check_finite_variance(p: float) -> None:
    """Refuse a p for which `p / (1 - p)` is no finite variance.

    Args:
        p: Probability of dropping, in `[0, 1)`.

    Raises:
        SettingError: If `p` lies outside `[0, 1)`.
    """
    check_probability(p)
    if p == 1:
        raise SettingError(
            "p of Gaussian dropout lies in [0, 1), for the variance of its noise is p / (1 - p); "
            f"got p={p}. To drop everything, use Dropout(1.0)."
        )


def check_std(std: float) -> None:
    """Refuse what is no standard deviation.

    Args:
        std: Standard deviation, at least 0.

    Raises:
        SettingError: If `std` is a boolean, negative or not finite.
    """
    if isinstance(std, bool) or not 0 <= std < math.inf:
        raise SettingError(
            f"std is the standard deviation of the noise, a finite number of at least 0; got "
            f"std={std}."
        )


def _widened(x: Tensor) -> Tensor:
    return x.float() if x.dtype in _WIDENED else x


def _scale_by_noise(x: Tensor, seed: Tensor, deviation: Tensor) -> Tensor:
    return _ScaleByNoise.apply(x, seed, deviation)  # type: ignore[no-any-return, no-untyped-call]


class _ScaleByNoise(torch.autograd.Function):
    """Linear in `x`: backward is the same operation on the gradient, with the same seed."""

    generate_vmap_rule = True

    @staticmethod
    def forward(x: Tensor, seed: Tensor, deviation: Tensor) -> Tensor:
        wide = _widened(x)
        noise = 1 + deviation * normal(x.shape, seed, x.device)
        return (wide * noise.to(wide.real.dtype)).to(x.dtype)

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Tensor, Tensor, Tensor], output: Tensor) -> None:
        ctx.save_for_backward(*inputs[1:])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        return _scale_by_noise(gradients[0], *ctx.saved_tensors), None, None
