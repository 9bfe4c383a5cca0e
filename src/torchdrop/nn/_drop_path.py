"""Layers that drop samples of a residual branch."""

from __future__ import annotations

from torch import Tensor, nn

from ..functional import (
    PathMode,
    Scale,
    check_path_mode,
    check_probability,
    check_scale,
    drop_path,
)


class DropPath(nn.Module):
    """Layer form of `torchdrop.functional.drop_path`, active in training mode only.

    As in timm's layer of that name, the rate comes first and is 0 if not given, so that a block
    built without one drops nothing.

    Args:
        p: Probability of dropping a sample, in `[0, 1]`. Not the survival probability.
        mode: `row` draws for each sample, `batch` once for all of them.
        scale: `train` divides by `1 - p` in training; `eval` multiplies by `1 - p` in evaluation.

    Raises:
        SettingError: If a setting is out of its range.

    Example:
        >>> import torch
        >>> layer = DropPath(0.3)
        >>> x = torch.ones(2, 3)
        >>> layer.eval()(x) is x
        True
    """

    def __init__(self, p: float = 0.0, mode: PathMode = "row", *, scale: Scale = "train") -> None:
        check_probability(p)
        check_path_mode(mode)
        check_scale(scale)
        super().__init__()
        self.p = p
        self.mode: PathMode = mode
        self.scale: Scale = scale

    def forward(self, input: Tensor) -> Tensor:
        """Apply `drop_path` with this layer's settings and mode."""
        return drop_path(input, self.p, training=self.training, mode=self.mode, scale=self.scale)

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        scale = "" if self.scale == "train" else f", scale={self.scale!r}"
        return f"p={self.p}, mode={self.mode!r}{scale}"


class StochasticDepth(DropPath):
    """`DropPath` with the signature of torchvision's layer: rate and mode, both to be given.

    Args:
        p: Probability of dropping, in `[0, 1]`.
        mode: `row` draws for each sample, `batch` once for all of them.

    Raises:
        SettingError: If a setting is out of its range.

    Example:
        >>> StochasticDepth(0.2, "batch")
        StochasticDepth(p=0.2, mode='batch')
    """

    def __init__(self, p: float, mode: PathMode) -> None:
        super().__init__(p, mode)
