"""The layers that drop whole channels."""

from __future__ import annotations

from torch import Tensor, nn

from ..functional import (
    check_probability,
    dropout1d,
    dropout1d_,
    dropout2d,
    dropout2d_,
    dropout3d,
    dropout3d_,
)


class _ChannelDropout(nn.Module):
    """The settings that the three have in common; comes before torch's class of the rank."""

    def __init__(self, p: float = 0.5, inplace: bool = False, *, batched: bool = True) -> None:
        check_probability(p)
        super().__init__(p, inplace)
        self.batched = batched

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        return f"{super().extra_repr()}{'' if self.batched else ', batched=False'}"


class Dropout1d(_ChannelDropout, nn.Dropout1d):
    """Layer form of `torchdrop.functional.dropout1d`, active in training mode only.

    A drop-in for `torch.nn.Dropout1d`, and a subclass of it, with one deliberate difference: an
    unbatched signal `(C, L)` must be announced, by `batched=False`. It cannot be told from features
    `(N, F)`, and torch, which guesses the signal, then drops whole samples.

    Args:
        p: Probability of dropping a channel, in `[0, 1]`. Not the keep rate.
        inplace: Whether to write the result into the input.
        batched: Whether inputs are `(N, C, L)`; if not, `(C, L)`.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`.

    Example:
        >>> import torch
        >>> y = Dropout1d(0.5)(torch.ones(4, 8, 100))
        >>> bool((y == y[:, :, :1]).all())
        True
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply `dropout1d` with this layer's rate and mode."""
        apply = dropout1d_ if self.inplace else dropout1d
        return apply(input, self.p, training=self.training, batched=self.batched)


class Dropout2d(_ChannelDropout, nn.Dropout2d):
    """Layer form of `torchdrop.functional.dropout2d`, active in training mode only.

    A drop-in for `torch.nn.Dropout2d`, and a subclass of it, with one deliberate difference: an
    input with three axes is refused unless `batched=False` says that it is one image. torch warns
    and takes it for signals `(N, C, L)`.

    Args:
        p: Probability of dropping a channel, in `[0, 1]`. Not the keep rate.
        inplace: Whether to write the result into the input.
        batched: Whether inputs are `(N, C, H, W)`; if not, `(C, H, W)`.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`.

    Example:
        >>> import torch
        >>> y = Dropout2d(0.5)(torch.ones(4, 8, 10, 10))
        >>> bool((y == y[:, :, :1, :1]).all())
        True
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply `dropout2d` with this layer's rate and mode."""
        apply = dropout2d_ if self.inplace else dropout2d
        return apply(input, self.p, training=self.training, batched=self.batched)


class Dropout3d(_ChannelDropout, nn.Dropout3d):
    """Layer form of `torchdrop.functional.dropout3d`, active in training mode only.

    A drop-in for `torch.nn.Dropout3d`, and a subclass of it, with one deliberate difference: an
    unbatched volume `(C, D, H, W)` must be announced, by `batched=False`. It cannot be told from
    images `(N, C, H, W)`, of which torch then drops whole samples.

    Args:
        p: Probability of dropping a channel, in `[0, 1]`. Not the keep rate.
        inplace: Whether to write the result into the input.
        batched: Whether inputs are `(N, C, D, H, W)`; if not, `(C, D, H, W)`.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`.

    Example:
        >>> import torch
        >>> y = Dropout3d(0.5)(torch.ones(4, 8, 5, 5, 5))
        >>> bool((y == y[:, :, :1, :1, :1]).all())
        True
    """

    def forward(self, input: Tensor) -> Tensor:
        """Apply `dropout3d` with this layer's rate and mode."""
        apply = dropout3d_ if self.inplace else dropout3d
        return apply(input, self.p, training=self.training, batched=self.batched)
