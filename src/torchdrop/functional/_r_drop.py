"""The loss that asks two masks of one network for the same answer."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, log_softmax, nll_loss

from ..errors import SettingError
from ._log_odds import widened


def r_drop_loss(
    logits_1: Tensor,
    logits_2: Tensor,
    targets: Tensor,
    alpha: float = 1.0,
    reduction: Literal["mean", "sum", "none"] = "mean",
    *,
    ignore_index: int = -100,
) -> Tensor:
    """Average two passes' cross-entropies, and add how far their predictions lie apart.

    For each sample, `(CE(P1) + CE(P2)) / 2 + alpha / 2 * (KL(P1 || P2) + KL(P2 || P1))`, with `P`
    the softmax of the logits of two passes in training mode. With `mean`, both terms are averaged
    over the samples, so that `alpha` means the same for every batch size.

    Args:
        logits_1: Finite, shape `(N, C)` or `(N, C, ...)`: of one pass, before the softmax.
        logits_2: Of another pass with the same input, and other masks.
        targets: Classes, shape `(N, ...)`; or probabilities, in the shape of the logits.
        alpha: Weight of the divergence, at least 0.
        reduction: `mean` over the samples that count, `sum`, or `none`.
        ignore_index: Class of samples (such as padding) that count in neither term.

    Returns:
        A tensor without axes, or of shape `(N, ...)` with `none`; float32 or wider.

    Raises:
        SettingError: If the logits differ in shape or have less than two axes, `alpha` is negative,
            or the reduction is unknown.

    Example:
        >>> import torch
        >>> logits, targets = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])
        >>> same = r_drop_loss(logits, logits, targets, alpha=5.0)
        >>> torch.allclose(same, torch.nn.functional.cross_entropy(logits, targets))
        True

    Source:
        Liang, Wu et al., "R-Drop: Regularized Dropout for Neural Networks", NeurIPS 2021.
        Differs: the paper adds the cross-entropies, so that its loss with `alpha` is twice ours
        with `alpha / 2`; the authors' published snippet sums the divergence
        over the batch, so that its `alpha` grows with the batch size.
    """
    _check(logits_1, logits_2, alpha, reduction)
    log_1, log_2 = (log_softmax(widened(logits), 1) for logits in (logits_1, logits_2))
    error_1, error_2 = (_error(log, targets, ignore_index) for log in (log_1, log_2))
    # The sum of both divergences; no logarithm of a probability that was rounded to 0.
    apart = ((log_1.exp() - log_2.exp()) * (log_1 - log_2)).sum(1)
    loss = (error_1 + error_2) / 2 + alpha / 2 * apart
    soft = targets.is_floating_point()
    counted = torch.ones_like(loss, dtype=torch.bool) if soft else targets != ignore_index
    loss = torch.where(counted, loss, 0.0)
    if reduction == "none":
        return loss
    return loss.sum() / counted.sum() if reduction == "mean" else loss.sum()


def _error(log_probabilities: Tensor, targets: Tensor, ignore_index: int) -> Tensor:
    """Cross-entropy of each sample."""
    if targets.is_floating_point():
        # The softmax changes nothing in what is normalized already.
        return cross_entropy(log_probabilities, targets.to(log_probabilities), reduction="none")
    return nll_loss(log_probabilities, targets, reduction="none", ignore_index=ignore_index)


def _check(logits_1: Tensor, logits_2: Tensor, alpha: float, reduction: str) -> None:
    if logits_1.shape != logits_2.shape or logits_1.ndim < 2:
        raise SettingError(
            "logits of two passes have one shape, (N, C) or (N, C, ...); got "
            f"{tuple(logits_1.shape)} and {tuple(logits_2.shape)}."
        )
    if not alpha >= 0:
        raise SettingError(f"alpha is the weight of the divergence, at least 0; got alpha={alpha}.")
    if reduction not in ("mean", "sum", "none"):
        raise SettingError(f"reduction is 'mean', 'sum' or 'none'; got {reduction!r}.")
