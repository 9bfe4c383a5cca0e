"""Several masks for one batch of features, each followed by the same head."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from ..errors import SettingError
from ._dropout import dropout
from ._settings import known_rate


def multi_sample_dropout(
    x: Tensor,
    head: Callable[[Tensor], Tensor],
    p: float | Tensor = 0.5,
    samples: int = 5,
    *,
    training: bool,
    generator: torch.Generator | None = None,
) -> Tensor:
    """Apply `dropout` with several masks, and a head to all results in one call.

    In training, `y[s] = head(dropout(x, p))` with a mask of its own for each sample `s`; out of
    training, and with p = 0, `y[0] = head(x)` is the only one. The head sees `samples * N` rows.

    Args:
        x: Features, floating point, shape `(N, ...)`.
        head: Works row by row, as a Linear does; batch statistics in it would mix the samples.
        p: Probability of dropping an element, in `[0, 1]`. Not the keep rate.
        samples: How many masks, at least 1.
        training: Whether to drop at all. Layers pass `self.training`.
        generator: Source of the seed, on the device of `x`; `None` uses torch's global one.

    Returns:
        Shape `(samples, N, ...)`, or `(1, N, ...)` where nothing is dropped.

    Raises:
        SettingError: If `p` lies outside `[0, 1]` or `samples` is below 1.

    Example:
        >>> import torch
        >>> head = torch.nn.Linear(8, 3)
        >>> multi_sample_dropout(torch.ones(4, 8), head, training=True).shape
        torch.Size([5, 4, 3])

    Source:
        Inoue, "Multi-Sample Dropout for Accelerated Training and Better Generalization", arXiv
        1905.09788. Give the result to `multi_sample_loss` for the paper's training.
    """
    p = known_rate(p, x)
    check_samples(samples)
    if not training or (not isinstance(p, Tensor) and p == 0):
        return head(x).unsqueeze(0)
    copies = x.expand(samples, *x.shape)
    rows = dropout(copies, p, training=True, generator=generator).flatten(0, 1)
    y = head(rows)
    return y.reshape(samples, len(x), *y.shape[1:])


def multi_sample_loss(
    outputs: Tensor,
    targets: Tensor,
    loss: Callable[[Tensor, Tensor], Tensor] = cross_entropy,
) -> Tensor:
    """Average the losses of the samples: `mean over s of loss(outputs[s], targets)`.

    For a convex loss, such as the cross-entropy, this is at least the loss of the averaged
    outputs; the difference is what penalizes samples that disagree.

    Args:
        outputs: Shape `(samples, N, ...)`, as `multi_sample_dropout` returns them.
        targets: What `loss` takes for one sample of shape `(N, ...)`.
        loss: Takes one sample's output and the targets.

    Returns:
        A tensor of the shape that `loss` returns.

    Example:
        >>> import torch
        >>> outputs, targets = torch.tensor([[0.0], [2.0]]), torch.tensor([1.0])
        >>> multi_sample_loss(outputs, targets, torch.nn.functional.mse_loss)
        tensor(1.)
    """
    return torch.stack([loss(output, targets) for output in outputs]).mean(0)


def check_samples(samples: int) -> None:
    """Refuse a number of masks below 1."""
    if samples < 1:
        raise SettingError(f"samples is how many masks are drawn, at least 1; got {samples}.")
