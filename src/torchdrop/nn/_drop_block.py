"""Layers that drop blocks of neighbors."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from torch import Tensor, nn

from ..functional import (
    BlockScale,
    check_block_settings,
    check_probability,
    drop_block1d,
    drop_block2d,
    drop_block3d,
)


class _DropBlock(nn.Module):
    """What the layers for maps of one, two and three axes have in common."""

    _axes: ClassVar[int]
    _function: ClassVar[Callable[..., Tensor]]

    def __init__(
        self,
        p: float = 0.1,
        block_size: int | tuple[int, ...] = 7,
        inplace: bool = False,
        *,
        per_channel: bool = True,
        scale: BlockScale = "train",
    ) -> None:
        check_probability(p)
        check_block_settings(block_size, self._axes, scale)
        super().__init__()
        self.p = p
        self.block_size = block_size
        self.inplace = inplace
        self.per_channel = per_channel
        self.scale: BlockScale = scale

    def forward(self, input: Tensor) -> Tensor:
        """Apply the function of that name with this layer's settings and mode."""
        y = type(self)._function(
            input,
            self.p,
            self.block_size,
            training=self.training,
            per_channel=self.per_channel,
            scale=self.scale,
        )
        return input.copy_(y) if self.inplace and y is not input else y

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        inplace = ", inplace=True" if self.inplace else ""
        shared = "" if self.per_channel else ", per_channel=False"
        scale = "" if self.scale == "train" else f", scale={self.scale!r}"
        return f"p={self.p}, block_size={self.block_size}{inplace}{shared}{scale}"


class DropBlock1d(_DropBlock):
    """Layer form of `torchdrop.functional.drop_block1d`, active in training mode only.

    Args:
        p: Expected share of the elements that is dropped, in `[0, 1]`.
        block_size: Length of a run.
        inplace: Whether to write the result into the input; for compatibility, it saves no memory.
        per_channel: Whether each channel has a mask of its own.
        scale: `train`, `eval` or `count`, as in the function.

    Raises:
        SettingError: If a setting is out of its range.

    Example:
        >>> DropBlock1d(0.2, 5)
        DropBlock1d(p=0.2, block_size=5)
    """

    _axes = 1
    _function = staticmethod(drop_block1d)


class DropBlock2d(_DropBlock):
    """Layer form of `torchdrop.functional.drop_block2d`, active in training mode only.

    Takes the arguments of torchvision's and timm's layer in their order, without the keep count of
    the whole batch: a sample's scale does not depend on its neighbors.

    Args:
        p: Expected share of the elements that is dropped, in `[0, 1]`.
        block_size: Of a block, `b` or `(height, width)`, odd or even.
        inplace: Whether to write the result into the input; for compatibility, it saves no memory.
        per_channel: Whether each channel has a mask of its own.
        scale: `train`, `eval` or `count`, as in the function.

    Raises:
        SettingError: If a setting is out of its range.

    Example:
        >>> import torch
        >>> layer = DropBlock2d(0.1, 7)
        >>> x = torch.ones(2, 3, 28, 28)
        >>> layer.eval()(x) is x
        True
    """

    _axes = 2
    _function = staticmethod(drop_block2d)


class DropBlock3d(_DropBlock):
    """Layer form of `torchdrop.functional.drop_block3d`, active in training mode only.

    Args:
        p: Expected share of the elements that is dropped, in `[0, 1]`.
        block_size: Of a block, `b` or `(depth, height, width)`.
        inplace: Whether to write the result into the input; for compatibility, it saves no memory.
        per_channel: Whether each channel has a mask of its own.
        scale: `train`, `eval` or `count`, as in the function.

    Raises:
        SettingError: If a setting is out of its range.

    Example:
        >>> DropBlock3d(0.2, (3, 5, 5))
        DropBlock3d(p=0.2, block_size=(3, 5, 5))
    """

    _axes = 3
    _function = staticmethod(drop_block3d)
