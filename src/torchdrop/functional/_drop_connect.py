"""Drop single weights of a linear map, anew for each sample or once for the batch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from ..errors import SettingError
from ..kernels import masked_scale, normal, seed_for
from ._per_sample import per_sample_linear, sample_seeds
from ._settings import known_rate, training_factor

Inference = Literal["mean", "gaussian"]
Function = Callable[[Tensor], Tensor]


def drop_connect(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None = None,
    p: float | Tensor = 0.5,
    *,
    training: bool,
    per_sample: bool = True,
    activation: Function | None = None,
    inference: Inference = "mean",
    samples: int = 100,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Apply a linear map after zeroing each of its weights with probability `p`.

    In training, `y = a((W * M / q) x + b * m / q)` with `M, m ~ Bernoulli(q)` for each weight,
    each bias and, unless told otherwise, each sample; `q = 1 - p` and `a` is the activation. So
    `a` gets `W x + b` in expectation. Out of training `y = a(W x + b)`; with
    `inference="gaussian"` it is the mean of `a(u)` for `u` normal with the mean and variance that
    `drop_connect_moments` derives. Dropped weights are exactly 0, NaN and infinity included, and
    so is what they get of the gradient.

    Masks are drawn again in backward. With `per_sample`, they are `N * out * in` draws, made for
    a million weights at a time, so that memory does not grow with `N * out * in`; time does.

    Args:
        x: Floating point, shape `(..., in)`. Each vector along the last axis is a sample.
        weight: Shape `(out, in)`.
        bias: Shape `(out,)`, or `None`.
        p: Probability of dropping a weight, in `[0, 1]`. Not the keep rate.
        training: Whether to drop at all. Layers pass `self.training`.
        per_sample: Whether each sample gets masks of its own, as in the paper; if not, one mask
            serves the whole batch, at the price of dropping `out * in` weights once.
        activation: Applied elementwise to the result; `None` for none.
        inference: What is computed out of training, `mean` or `gaussian`; the latter draws from
            the generator and needs an activation, since it is the mean for a linear one.
        samples: How many normal draws `gaussian` averages.
        generator: Source of the seeds, on the device of `x`; `None` uses torch's global one.

    Returns:
        Shape `(..., out)`, with the dtype and device of `x`.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`, `inference` is unknown or without its
            activation, or `samples` is not positive.
        TypeError: If `x` is not floating point.

    Example:
        >>> import torch
        >>> x, weight = torch.rand(8, 3), torch.rand(5, 3)
        >>> y = drop_connect(x, weight, p=0.5, training=False)
        >>> torch.equal(y, x @ weight.T)
        True
        >>> drop_connect(x, weight, p=1.0, training=True).count_nonzero().item()
        0

    Source:
        Wan et al., "Regularization of Neural Networks using DropConnect", ICML 2013; the biases
        are masked as there. Differs: the paper's p is the probability of keeping, and it scales
        at test time. Chainer's `simplified_dropconnect` lacks the normal inference.
    """
    p = known_rate(p, x)
    check_inference(inference, activation, samples)
    _check_real(x)
    dropping = isinstance(p, Tensor) or p > 0
    if training and dropping:
        y = _dropped_linear(x, weight, bias, p, per_sample, generator)
    elif inference == "gaussian" and activation is not None and dropping and not training:
        mean, variance = drop_connect_moments(x, weight, bias, p)
        y = gaussian_mean(activation, mean, variance, samples, generator=generator)
        return y.to(x.dtype)
    else:
        y = functional.linear(x, weight, bias)
    return y if activation is None else activation(y)


def drop_connect_moments(
    x: Tensor, weight: Tensor, bias: Tensor | None = None, p: float | Tensor = 0.5
) -> tuple[Tensor, Tensor]:
    """Give mean and variance, over the masks, of what `drop_connect` computes before activation.

    One output is `u = sum_j (m_j / q) w_j x_j + (m / q) b`, with independent Bernoulli draws of
    mean `q` and variance `q (1 - q)`. So `E[u] = sum_j w_j x_j + b`, and each term adds its
    square times `q (1 - q) / q**2 = p / q`: `V[u] = (p / q) (sum_j w_j**2 x_j**2 + b**2)`.

    Args:
        x: Floating point, shape `(..., in)`.
        weight: Shape `(out, in)`.
        bias: Shape `(out,)`, or `None`.
        p: Probability of dropping a weight, in `[0, 1]`.

    Returns:
        Mean and variance, each of shape `(..., out)`, in float32 or wider. At p = 1 nothing is
        random: the variance is 0, and the mean is that of the whole weights, as in evaluation.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`.
        TypeError: If `x` is not floating point.

    Example:
        >>> import torch
        >>> mean, variance = drop_connect_moments(torch.ones(1, 2), torch.ones(1, 2), p=0.5)
        >>> mean.item(), variance.item()
        (2.0, 2.0)

    Source:
        Wan et al., ICML 2013, "Inference". Differs: by inverted scaling the mean has no factor,
        and the variance has `p / q` where the paper has `p q`.
    """
    p = known_rate(p, x)
    _check_real(x)
    wide = torch.promote_types(x.dtype, torch.float32)
    x, weight = x.to(wide), weight.to(wide)
    bias = None if bias is None else bias.to(wide)
    mean = functional.linear(x, weight, bias)
    squares = None if bias is None else bias.square()
    variance = functional.linear(x.square(), weight.square(), squares)
    # The factor is 1 / q, and 1 where q is 0.
    return mean, variance * (training_factor(p, "train") - 1)


def gaussian_mean(
    activation: Function,
    mean: Tensor,
    variance: Tensor,
    samples: int = 100,
    *,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Average an activation over normal draws of what goes into it.

    `y = (1 / Z) sum_z a(u_z)` with `u_z ~ N(mean, variance)` for each element and each z. Its
    error shrinks as `1 / sqrt(Z)`.

    Args:
        activation: Elementwise.
        mean: Floating point, any shape.
        variance: Not negative, with the shape of `mean`.
        samples: Z, how many draws; one is held at a time.
        generator: Source of the seed, on the device of `mean`; `None` uses torch's global one.

    Returns:
        A tensor with the shape, dtype and device of `mean`.

    Example:
        >>> import torch
        >>> mean = torch.tensor([-1.0, 2.0])
        >>> torch.equal(gaussian_mean(torch.relu, mean, torch.zeros(2), 4), torch.relu(mean))
        True

    Source:
        Wan et al., ICML 2013, "Inference". Differs: normals are inverses of the distribution
        function, from the seed stream.
    """
    seeds = sample_seeds(seed_for(mean, generator), samples, mean.device)
    # Twice `where`: the square root has no finite gradient at 0.
    spreads = variance > 0
    deviation = torch.where(spreads, torch.where(spreads, variance, 1.0).sqrt(), 0.0)
    total = torch.zeros_like(mean)
    for seed in seeds.unsqueeze(1).unbind():
        noise = normal(mean.shape, seed, mean.device).to(mean.dtype)
        total = total + activation(mean + deviation * noise)
    return total / samples


def check_inference(inference: str, activation: object, samples: int) -> None:
    """Refuse an inference that is unknown, or cannot be made.

    Args:
        inference: `mean` or `gaussian`.
        activation: What is averaged; `gaussian` needs one.
        samples: How many draws are averaged.

    Raises:
        SettingError: As said.
    """
    if inference not in ("mean", "gaussian"):
        raise SettingError(
            f"inference says what is computed out of training, 'mean' or 'gaussian'; got "
            f"{inference!r}."
        )
    if inference == "gaussian" and activation is None:
        raise SettingError(
            "inference='gaussian' averages what comes out of an activation; got activation=None. "
            "Give the activation here instead of after the layer, or use inference='mean'."
        )
    if samples < 1:
        raise SettingError(f"samples is how many draws are averaged, 1 or more; got {samples}.")


def _check_real(x: Tensor) -> None:
    if not x.is_floating_point():
        raise TypeError(
            f"drop_connect works on floating point tensors; got {x.dtype}. Convert it with "
            ".float() first."
        )


def _dropped_linear(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    p: float | Tensor,
    per_sample: bool,
    generator: torch.Generator | None,
) -> Tensor:
    factor = training_factor(p, "train")
    rows = x.reshape(-1, x.shape[-1]) if per_sample else x
    if per_sample and len(rows) == 0:
        return functional.linear(x, weight, bias)
    seed, bias_seed = seed_for(x, generator), seed_for(x, generator)
    if bias is not None:
        biases = bias.expand(len(rows), -1) if per_sample else bias
        bias = masked_scale(biases, bias_seed, p, factor)
    if not per_sample:
        return functional.linear(x, masked_scale(weight, seed, p, factor), bias)
    rows, weight = (_as_autocast(tensor) for tensor in (rows, weight))
    y = per_sample_linear(rows, weight, sample_seeds(seed, len(rows), x.device), p, factor)
    y = y if bias is None else y + bias.to(y.dtype)
    return y.reshape(*x.shape[:-1], -1)


def _as_autocast(x: Tensor) -> Tensor:
    """Cast as autocast would cast the arguments of a linear map."""
    if x.dtype == torch.float64 or not torch.is_autocast_enabled(x.device.type):
        return x
    return x.to(torch.get_autocast_dtype(x.device.type))
