"""The layers that drop in networks of SELU."""

from __future__ import annotations

from torch import Tensor, nn

from ..functional import (
    alpha_dropout,
    alpha_dropout_,
    check_probability,
    feature_alpha_dropout,
    feature_alpha_dropout_,
)


class AlphaDropout(nn.AlphaDropout):
    """Layer form of `torchdrop.functional.alpha_dropout`, active in training mode only.

    A drop-in for `torch.nn.AlphaDropout`, and a subclass of it. `inplace=True` writes into the
    input; torch accepts the flag and ignores it.

    Args:
        p: Probability of dropping an element, in `[0, 1]`. Not the keep rate.
        inplace: Whether to write the result into the input.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`.

    Example:
        >>> import torch
        >>> layer = AlphaDropout(0.1)
        >>> x = torch.ones(2, 3)
        >>> layer.eval()(x) is x
        True
    """

    def __init__(self, p: float = 0.5, inplace: bool = False) -> None:
        check_probability(p)
        super().__init__(p, inplace)

    def forward(self, input: Tensor) -> Tensor:
        """Apply `alpha_dropout` with this layer's rate and mode."""
        apply = alpha_dropout_ if self.inplace else alpha_dropout
        return apply(input, self.p, training=self.training)


class FeatureAlphaDropout(nn.FeatureAlphaDropout):
    """Layer form of `torchdrop.functional.feature_alpha_dropout`, active in training mode only.

    A drop-in for `torch.nn.FeatureAlphaDropout`, and a subclass of it, with two deliberate
    differences: `inplace=True` writes into the input, where torch ignores it; and an unbatched
    input `(C, ...)` is announced by `batched=False`, where torch reads its channels as samples.

    Args:
        p: Probability of dropping a channel, in `[0, 1]`. Not the keep rate.
        inplace: Whether to write the result into the input.
        batched: Whether inputs are `(N, C, ...)`; if not, `(C, ...)`.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`.

    Example:
        >>> import torch
        >>> y = FeatureAlphaDropout(0.5)(torch.ones(2, 3, 8, 8))
        >>> bool((y == y[:, :, :1, :1]).all())
        True
    """

    def __init__(self, p: float = 0.5, inplace: bool = False, *, batched: bool = True) -> None:
        check_probability(p)
        super().__init__(p, inplace)
        self.batched = batched

    def forward(self, input: Tensor) -> Tensor:
        """Apply `feature_alpha_dropout` with this layer's rate and mode."""
        apply = feature_alpha_dropout_ if self.inplace else feature_alpha_dropout
        return apply(input, self.p, training=self.training, batched=self.batched)

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        return f"{super().extra_repr()}{'' if self.batched else ', batched=False'}"
