"""The layer that drops the same features of a sequence at every time step."""

from __future__ import annotations

from torch import Tensor, nn

from ..functional import check_probability, locked_dropout


class LockedDropout(nn.Module):
    """Layer form of `torchdrop.functional.locked_dropout`, active in training mode only.

    Args:
        p: Probability of dropping a feature over a whole sequence, in `[0, 1]`. Not the keep rate.
        batch_first: Whether inputs are (batch, time, features) and not (time, batch, features).

    Raises:
        SettingError: If `p` lies outside `[0, 1]`.

    Example:
        >>> import torch
        >>> layer = LockedDropout(0.3, batch_first=True)
        >>> y = layer(torch.ones(2, 5, 3))
        >>> torch.equal(y[:, 0], y[:, 4])
        True
    """

    def __init__(self, p: float = 0.5, *, batch_first: bool = False) -> None:
        check_probability(p)
        super().__init__()
        self.p = p
        self.batch_first = batch_first

    def forward(self, input: Tensor) -> Tensor:
        """Apply `locked_dropout` with this layer's rate and mode."""
        return locked_dropout(input, self.p, training=self.training, batch_first=self.batch_first)

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        return f"p={self.p}{', batch_first=True' if self.batch_first else ''}"
