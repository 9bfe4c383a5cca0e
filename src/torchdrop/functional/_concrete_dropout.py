"""Drop with a probability that is learned by gradient, by a relaxed mask."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import logsigmoid

from ..errors import SettingError
from ..kernels import seed_for, uniform
from ._log_odds import bounded, widened
from ._settings import check_dtype, mask_shape


def concrete_dropout(
    x: Tensor,
    p_logit: Tensor,
    *,
    training: bool,
    temperature: float = 0.1,
    dims: tuple[int, ...] | None = None,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Shrink each element almost to zero with a probability that has a gradient.

    In training, `y = x * (1 - z) / (1 - p)` with `p = sigmoid(p_logit)`, the relaxed mask
    `z = sigmoid((logit(p) + logit(u)) / temperature)` and `u` uniform; out of training `y` is `x`
    itself. `z` is differentiable in `p_logit`, and nears dropout's mask as the temperature goes to
    0. `E[1 - z]` is `1 - p` at p = 0.5 and close to it elsewhere: at temperature 0.1, `E[y] / x`
    lies within 0.5 % of 1 for p from 0 to 0.7, and is 1.012 at p = 0.9. A dropped element is
    small, not 0, so a NaN or infinity goes through.

    Args:
        x: Floating point or complex, any shape; never written to.
        p_logit: Log-odds `log(p / (1 - p))` of dropping, one element; any real number, taken as
            -40 or 40 beyond these.
        training: Whether to drop at all. Layers pass `self.training`.
        temperature: Softness of the mask, above 0.
        dims: Axes along which draws are independent; along the others the mask is shared. `None`
            means all axes. `(0, 1)` drops whole channels of each sample.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.

    Returns:
        A tensor with the shape, dtype and device of `x`, computed in float32 or wider; `x` itself
        out of training.

    Raises:
        SettingError: If the temperature is not above 0, or `dims` names no axes of `x`.
        TypeError: If `x` holds integers or booleans.

    Example:
        >>> import torch
        >>> p_logit = torch.tensor(0.0, requires_grad=True)
        >>> concrete_dropout(torch.ones(100), p_logit, training=True).var().backward()
        >>> bool(p_logit.grad != 0)
        True

    Source:
        Gal, Hron and Kendall, "Concrete Dropout", NeurIPS 2017, and the rescaling of the
        authors' code. Differs: noise has no epsilon, which would be 0 in float16, as it is
        never exactly 0 or 1; it is computed in float32 or wider.
    """
    check_dtype(x)
    check_temperature(temperature)
    if not training:
        return x
    shape = x.shape if dims is None else mask_shape(x, dims)
    log_odds = bounded(p_logit)
    noise = torch.logit(uniform(shape, seed_for(x, generator), x.device)).to(log_odds.dtype)
    keep = torch.sigmoid(-(log_odds + noise) / temperature)
    return (widened(x) * (keep / torch.sigmoid(-log_odds))).to(x.dtype)


def concrete_kl(
    p_logit: Tensor, weight: Tensor, *, length_scale: float = 1.0, units: int | None = None
) -> Tensor:
    """Sum up what a rate and the weights it acts on cost, against a Gaussian prior.

    `KL = length_scale**2 / 2 * ||weight||**2 / (1 - p) + K * (p log p + (1 - p) log(1 - p))`, up
    to a constant: the divergence of the weights under dropout from `N(0, 1 / length_scale**2)`.
    Add `KL / N` to a loss that is the mean negative log likelihood of N training samples.

    Args:
        p_logit: Log-odds of dropping, one element.
        weight: Of the layer that takes what was dropped from, `(out, in, ...)`; without its bias.
        length_scale: Inverse of the prior's standard deviation.
        units: How many units are dropped independently, K; `None` means `weight.shape[1]`.

    Returns:
        A tensor without axes, float32 or wider, with gradients for `p_logit` and `weight`.

    Example:
        >>> import torch
        >>> weight = torch.zeros(2, 10)
        >>> torch.allclose(concrete_kl(torch.tensor(0.0), weight), -10 * torch.tensor(2.0).log())
        True

    Source:
        Gal, Hron and Kendall, "Concrete Dropout", NeurIPS 2017, equation 3. The paper does not
        rescale, so its weights are ours over `1 - p`, and its `1 - p` stands in the numerator.
    """
    log_odds = bounded(p_logit).reshape(())
    p, q = torch.sigmoid(log_odds), torch.sigmoid(-log_odds)
    minus_entropy = p * logsigmoid(log_odds) + q * logsigmoid(-log_odds)
    square = widened(weight).square().sum()
    count = weight.shape[1] if units is None else units
    return length_scale**2 / 2 * square / q + count * minus_entropy


def check_temperature(temperature: float) -> None:
    """Refuse a temperature that is not above 0."""
    if not temperature > 0:
        raise SettingError(f"temperature is a number above 0; got temperature={temperature}.")
