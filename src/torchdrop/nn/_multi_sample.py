"""The layer that gives one head several masks."""

from __future__ import annotations

from torch import Tensor, nn

from ..functional import check_probability, check_samples, multi_sample_dropout


class MultiSampleDropout(nn.Module):
    """Layer form of `torchdrop.functional.multi_sample_dropout`, active in training mode only.

    In training it returns the mean of the head's outputs over the masks, in evaluation the head's
    output without dropout, so it stands where `Sequential(Dropout(p), head)` stood. With
    `stacked=True` it returns all outputs, `(samples, N, ...)`, in training and one, `(1, N, ...)`,
    in evaluation, for `multi_sample_loss`: that is the paper's training. The two differ: where the
    loss is convex, that of the mean is at most the mean of the losses, and with more samples the
    noise in the first averages out, so that it regularizes less.

    Args:
        head: What follows dropout, such as the classifier; it works row by row.
        p: Probability of dropping an element, in `[0, 1]`. Not the keep rate.
        samples: How many masks, at least 1.
        stacked: Whether to return the samples instead of their mean.

    Raises:
        SettingError: If `p` lies outside `[0, 1]` or `samples` is below 1.

    Example:
        >>> import torch
        >>> layer = MultiSampleDropout(torch.nn.Linear(8, 3), p=0.5, samples=4)
        >>> layer(torch.ones(2, 8)).shape
        torch.Size([2, 3])
    """

    def __init__(
        self, head: nn.Module, p: float = 0.5, samples: int = 5, *, stacked: bool = False
    ) -> None:
        check_probability(p)
        check_samples(samples)
        super().__init__()
        self.head = head
        self.p = p
        self.samples = samples
        self.stacked = stacked

    def forward(self, input: Tensor) -> Tensor:
        """Apply `multi_sample_dropout` with this layer's head, rate and mode."""
        y = multi_sample_dropout(input, self.head, self.p, self.samples, training=self.training)
        return y if self.stacked else y.mean(0)

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        return f"p={self.p}, samples={self.samples}{', stacked=True' if self.stacked else ''}"
