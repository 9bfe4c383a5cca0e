"""Drop single elements, each by a draw of its own."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from ..errors import SettingError
from ..kernels import draw_seed, keep_probability, masked_scale

Scale = Literal["train", "eval"]


def dropout(
    x: Tensor,
    p: float = 0.5,
    *,
    training: bool,
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
    check_probability(p)
    check_scale(scale)
    _check_dtype(x)
    if p == 0:
        return x
    if not training:
        return x if scale == "train" else x * keep_probability(p)
    return masked_scale(x, draw_seed(x.device, generator), p, training_factor(p, scale))


def dropout_(
    x: Tensor,
    p: float = 0.5,
    *,
    training: bool,
    generator: torch.Generator | None = None,
    scale: Scale = "train",
) -> Tensor:
    """Do what `dropout` does and write the result into `x`.

    Args:
        x: As in `dropout`; changed in place.
        p: Probability of dropping an element, in `[0, 1]`.
        training: Whether to drop at all.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.
        scale: As in `dropout`.

    Returns:
        `x` itself.
    """
    y = dropout(x, p, training=training, generator=generator, scale=scale)
    return x if y is x else x.copy_(y)


def training_factor(p: float, scale: Scale) -> float:
    """What kept elements are multiplied by in training."""
    kept = keep_probability(p)
    return 1 / kept if scale == "train" and kept > 0 else 1.0


def check_probability(p: float) -> None:
    """Refuse anything that is not a probability of dropping.

    Args:
        p: Probability of dropping, in `[0, 1]`.

    Raises:
        SettingError: If `p` is a boolean, NaN, or outside `[0, 1]`.
    """
    if isinstance(p, bool):
        raise SettingError(
            f"p is the probability of dropping, in [0, 1]; got p={p}, which looks like a mode "
            "flag: pass it as training=."
        )
    if not 0.0 <= p <= 1.0:
        raise SettingError(
            f"p is the probability of dropping, in [0, 1]; got p={p}. To give a keep probability, "
            "use Dropout.from_keep_probability."
        )


def check_scale(scale: str) -> None:
    """Refuse a scale that is neither `train` nor `eval`."""
    if scale not in ("train", "eval"):
        raise SettingError(
            f"scale says when outputs are rescaled, 'train' or 'eval'; got {scale!r}."
        )


def _check_dtype(x: Tensor) -> None:
    if not (x.is_floating_point() or x.is_complex()):
        raise TypeError(
            f"dropout works on floating point or complex tensors; got {x.dtype}. Convert it with "
            ".float() first."
        )
