"""Drop features of a sequence, the same ones at every time step."""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import SettingError
from ._dropout import dropout


def locked_dropout(
    x: Tensor,
    p: float | Tensor = 0.5,
    *,
    training: bool,
    batch_first: bool = False,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Zero each feature of each sample over its whole sequence with probability `p`, and rescale.

    In training, `y[t, b, f] = x[t, b, f] * k[b, f] / q` with `k ~ Bernoulli(q)`, `q = 1 - p`, so
    that `E[y] = x`: one mask for all time steps, another one for each sample. Out of training `y`
    is `x` itself. Dropped elements are exactly 0, NaN and infinity included.

    Args:
        x: Floating point or complex, shape (time, batch, features), or (batch, time, features)
            with `batch_first`.
        p: Probability of dropping a feature, in `[0, 1]`. Not the keep rate.
        training: Whether to drop at all. Layers pass `self.training`.
        batch_first: Whether the first axis of `x` is the batch, not the time. Taking one for the
            other goes unnoticed by shape: all samples then share a mask that is fresh at each step.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.

    Returns:
        A tensor with the shape, dtype and device of `x`; `x` itself where nothing changes.

    Raises:
        SettingError: If `p` lies outside `[0, 1]` or `x` has not three axes.
        TypeError: If `x` holds integers or booleans.

    Example:
        >>> import torch
        >>> y = locked_dropout(torch.ones(5, 2, 3), 0.5, training=True)
        >>> torch.equal(y[0], y[4])
        True

    Source:
        Gal and Ghahramani, "A Theoretically Grounded Application of Dropout in Recurrent Neural
        Networks", NeurIPS 2016, the masks of the inputs; the name is that of the code for Merity,
        Keskar and Socher, "Regularizing and Optimizing LSTM Language Models", ICLR 2018. Differs:
        p = 1 gives zeros, where that code gives NaN.
    """
    if x.ndim != 3:
        axes = "(batch, time, features)" if batch_first else "(time, batch, features)"
        raise SettingError(
            f"locked_dropout takes {axes}; got shape {tuple(x.shape)}. Add the missing axis, or "
            "use dropout with dims=."
        )
    time = 1 if batch_first else 0
    return dropout(x, p, training=training, dims=(1 - time, 2), generator=generator)
