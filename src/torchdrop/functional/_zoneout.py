"""Keep units of a recurrent state at their previous value."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import SettingError
from ..kernels import draw_mask, keep_probability, seed_for
from ._settings import check_dtype, known_rate

_WIDENED = (torch.float16, torch.bfloat16)


def zoneout(
    h_new: Tensor,
    h_old: Tensor,
    p: float | Tensor = 0.5,
    *,
    training: bool,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Let each unit of a state keep its previous value with probability `p`.

    In training, `h = h_new` where `k = 1` and `h = h_old` elsewhere, with `k ~ Bernoulli(q)` and
    `q = 1 - p`; out of training `h = q * h_new + p * h_old`, which is the expectation. Nothing is
    rescaled, nothing is set to 0, and the gradient of a unit goes to the value that was taken.

    Args:
        h_new: Floating point or complex, any shape: the state that the cell computed.
        h_old: As `h_new`: the state before that.
        p: Probability of keeping the old value, in `[0, 1]`.
        training: Whether to draw. Layers pass `self.training`.
        generator: Source of the seed, on the device of `h_new`; `None` uses torch's global one.

    Returns:
        A tensor with the shape and device of `h_new`, and the wider of the two dtypes; `h_new`
        itself if `p` is 0.

    Raises:
        SettingError: If `p` lies outside `[0, 1]` or the two shapes differ.
        TypeError: If `h_new` holds integers or booleans.

    Example:
        >>> import torch
        >>> new, old = torch.ones(100), torch.zeros(100)
        >>> h = zoneout(new, old, 0.3, training=True)
        >>> bool(((h == 0) | (h == 1)).all())
        True
        >>> torch.allclose(zoneout(new, old, 0.3, training=False), torch.tensor(0.7))
        True

    Source:
        Krueger et al., "Zoneout: Regularizing RNNs by Randomly Preserving Hidden Activations",
        ICLR 2017. As there, evaluation is the expectation; Chainer's `zoneout` returns `h_new`
        then, so that states change faster in evaluation than in training.
    """
    if h_new.shape != h_old.shape:
        raise SettingError(
            "zoneout mixes two states of one shape, the new one first; got "
            f"{tuple(h_new.shape)} and {tuple(h_old.shape)}. Expand the old state to the batch."
        )
    p = known_rate(p, h_new)
    check_dtype(h_new)
    if not isinstance(p, Tensor) and p == 0:
        return h_new
    if training:
        return h_new.where(
            draw_mask(tuple(h_new.shape), seed_for(h_new, generator), p, h_new), h_old
        )
    return _expectation(h_new, h_old, keep_probability(p))


def _expectation(h_new: Tensor, h_old: Tensor, kept: float | Tensor) -> Tensor:
    dtype = torch.result_type(h_new, h_old)
    wide = torch.float32 if dtype in _WIDENED else dtype
    if isinstance(kept, Tensor):
        kept = kept.to(h_new.device, wide)
    return (kept * h_new.to(wide) + (1 - kept) * h_old.to(wide)).to(dtype)
