"""Gaussian noise whose strength is learned: for inputs, and for the weights of a linear map."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import linear, softplus

from ..kernels import normal, seed_for
from ._log_odds import widened
from ._settings import check_dtype

# Keeps the logarithm of a weight that is exactly 0 finite, and its gradient 0.
_TINY = 1e-16


def variational_dropout(
    x: Tensor,
    log_alpha: Tensor,
    *,
    training: bool,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Multiply each element by Gaussian noise around 1, whose variance has a gradient.

    In training, `y = x * (1 + sqrt(alpha) * e)` with `e ~ N(0, 1)` for each element, so
    `E[y] = x`; out of training `y` is `x` itself. `alpha = p / (1 - p)` matches the variance of
    dropout with rate `p`, and `log_alpha` is the log-odds of that `p`.

    Args:
        x: Floating point, any shape.
        log_alpha: Logarithm of the noise's variance, broadcastable to the shape of `x`; one
            element, or one for each feature of the last axis.
        training: Whether to add noise at all. Layers pass `self.training`.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.

    Returns:
        A tensor with the shape, dtype and device of `x`, computed in float32 or wider; `x` itself
        out of training.

    Raises:
        TypeError: If `x` holds integers or booleans.

    Example:
        >>> import torch
        >>> x = torch.ones(2, 3)
        >>> variational_dropout(x, torch.tensor(0.0), training=False) is x
        True

    Source:
        Kingma, Salimans and Welling, "Variational Dropout and the Local Reparameterization Trick",
        NeurIPS 2015: its noise that all weights of an input unit share. Differs: alpha is not
        held below 1, as the fit in `variational_kl` holds for all.
    """
    check_dtype(x)
    if not training:
        return x
    wide, deviation = widened(x), torch.exp(widened(log_alpha) / 2)
    return (wide * (1 + deviation * _normal(wide, generator))).to(x.dtype)


def variational_linear(
    x: Tensor,
    weight: Tensor,
    log_sigma2: Tensor,
    bias: Tensor | None = None,
    *,
    training: bool,
    threshold: float = 3.0,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Map linearly with Gaussian weights, drawing the outputs instead of the weights.

    In training, `y = W x + b + sqrt(S x**2) * e` with `S = exp(log_sigma2)` and `e ~ N(0, 1)` for
    each output: its distribution given `x` is that of weights drawn from `N(W, S)` for each
    sample, and `E[y] = W x + b`. Out of training there is no noise, and weights with
    `log_alpha > threshold`, which are more noise than signal, count as 0.

    Args:
        x: Floating point, shape `(..., in)`.
        weight: Means of the weights, W, shape `(out, in)`.
        log_sigma2: Logarithms of the weights' variances, shape `(out, in)`.
        bias: Shape `(out,)`, without noise; or `None`.
        training: Whether to add noise. Layers pass `self.training`.
        threshold: Above which `log_alpha` a weight is cut out of training; 3 means a variance of
            20 times the squared mean.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.

    Returns:
        Shape `(..., out)`, in the dtype of `torch.nn.functional.linear`.

    Raises:
        TypeError: If `x` holds integers or booleans.

    Example:
        >>> import torch
        >>> weight = torch.tensor([[1.0, 0.01]])
        >>> log_sigma2 = torch.tensor([[-5.0, -5.0]])
        >>> variational_linear(torch.ones(1, 2), weight, log_sigma2, training=False)
        tensor([[1.]])

    Source:
        Molchanov, Ashukha and Vetrov, "Variational Dropout Sparsifies Deep Neural Networks", ICML
        2017, with the local reparameterization of Kingma et al., NeurIPS 2015. Nothing
        is added under the root; where it is 0, so is its gradient.
    """
    check_dtype(x)
    if not training:
        cut = variational_log_alpha(log_sigma2, weight) > threshold
        return linear(x, torch.where(cut, 0.0, weight), bias)
    mean = linear(x, weight, bias)
    variance = linear(widened(x).square(), torch.exp(widened(log_sigma2)))
    some = variance > 0
    deviation = torch.where(some, torch.where(some, variance, 1.0).sqrt(), 0.0)
    return (mean + deviation * _normal(deviation, generator)).to(mean.dtype)


def variational_log_alpha(log_sigma2: Tensor, weight: Tensor) -> Tensor:
    """Give `log_alpha = log(sigma**2 / weight**2)`: the noise of weights, relative to their size.

    Args:
        log_sigma2: Logarithms of the weights' variances.
        weight: Their means, of the same shape.

    Returns:
        Of the same shape, float32 or wider; large, not infinite, for weights that are 0.
    """
    return widened(log_sigma2) - torch.log(widened(weight).square() + _TINY)


def variational_kl(log_alpha: Tensor) -> Tensor:
    """Give, element by element, what a weight's noise costs against a log-uniform prior.

    `KL = k1 * (1 - sigmoid(k2 + k3 * log_alpha)) + log(1 + 1 / alpha) / 2` with k = 0.63576,
    1.87320, 1.48695: a fit to an integral without a closed form, which for any `log_alpha` is off
    by less than 0.0095 nats. It falls to 0 as alpha grows. Sum it up, and add it divided by N to a
    loss that is the mean negative log likelihood of N training samples.

    Args:
        log_alpha: Logarithm of variance over squared mean; any shape.

    Returns:
        A tensor of the same shape, in nats; float32 or wider.

    Example:
        >>> import torch
        >>> noisy, sharp = variational_kl(torch.tensor([10.0, -5.0]))
        >>> bool(noisy < 0.001), bool(sharp > 3)
        (True, True)

    Source:
        Molchanov, Ashukha and Vetrov, ICML 2017, section 4.2, with its constant `C = -k1`. The
        largest error found for `log_alpha` from -12 to 12, 0.0094 at -3.5, is by our own
        integration (`tests/functional/test_variational.py`).
    """
    log_alpha = widened(log_alpha)
    k1, k2, k3 = 0.63576, 1.87320, 1.48695
    return k1 * torch.sigmoid(-(k2 + k3 * log_alpha)) + softplus(-log_alpha) / 2


def _normal(like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Standard normal numbers in the shape and dtype of `like`."""
    return normal(like.shape, seed_for(like, generator), like.device).to(like.dtype)
