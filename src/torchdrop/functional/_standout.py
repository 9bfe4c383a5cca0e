"""Drop each element with a probability of its own, which depends on the input."""

from __future__ import annotations

import torch
from torch import Tensor

from ..kernels import seed_for, uniform
from ._log_odds import widened
from ._settings import check_dtype, select_scaled


def standout(
    x: Tensor,
    scores: Tensor,
    *,
    training: bool,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Zero each element with probability `1 - sigmoid(score)`; the higher its score, the less.

    In training, `y = x * k` with `k ~ Bernoulli(q)` for each element and `q = sigmoid(scores)`;
    kept elements are not rescaled. Out of training, `y = x * q`, which is the expectation.
    Dropped elements are exactly 0, NaN and infinity included, and so are their gradients. The draw
    passes no gradient to `scores`; the product out of training does.

    Args:
        x: Floating point or complex, any shape; usually activations.
        scores: Log-odds of keeping, broadcastable to the shape of `x`. Not probabilities.
        training: Whether to drop (true) or to take the expectation.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.

    Returns:
        A tensor with the shape, dtype and device of `x`.

    Raises:
        TypeError: If `x` holds integers or booleans.

    Example:
        >>> import torch
        >>> x = torch.tensor([3.0, 4.0, 5.0])
        >>> standout(x, torch.tensor([-1e3, 0.0, 1e3]), training=False)
        tensor([0., 2., 5.])

    Source:
        Ba and Frey, "Adaptive dropout for training deep neural networks", NeurIPS 2013.
        The paper's probability is that of keeping, as here.
    """
    check_dtype(x)
    if not training:
        keep = torch.sigmoid(widened(scores))
        return select_scaled(x, keep > 0, keep)
    keep = torch.sigmoid(scores.detach().double())
    draws = uniform(x.shape, seed_for(x, generator), x.device)
    return select_scaled(x, draws < keep, 1.0)
