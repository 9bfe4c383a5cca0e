"""A stack of layers that are skipped by chance."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, overload

from torch import Tensor, nn

from ..functional import check_probability, layer_drop


class LayerDrop(nn.ModuleList):
    """Stack form of `torchdrop.functional.layer_drop`, which skips layers in training mode only.

    A `torch.nn.ModuleList` with a forward of its own, so that parameter names are those of a plain
    list. Its length, its items and iterating over it show every layer, always. A slice is such a
    stack again: `stack[::2]` is the network pruned to every other layer.

    Args:
        layers: Run in turn; each takes a tensor and gives one of the same shape.
        p: Probability of skipping a layer, in `[0, 1]`.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`.

    Example:
        >>> import torch
        >>> stack = LayerDrop((nn.Linear(3, 3) for _ in range(6)), p=0.2)
        >>> len(stack), len(stack[::2]), stack(torch.ones(2, 3)).shape
        (6, 3, torch.Size([2, 3]))
    """

    def __init__(self, layers: Iterable[nn.Module], p: float = 0.5) -> None:
        check_probability(p)
        super().__init__(layers)
        self.p = p

    def forward(self, input: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        """Apply `layer_drop` with this stack's layers, rate and mode.

        Args:
            input: What the first layer takes.
            *args: Passed to every layer after its input.
            **kwargs: Passed to every layer.

        Returns:
            What the last layer that was run gives; `input` itself if none was.
        """
        return layer_drop(input, self, self.p, *args, training=self.training, **kwargs)

    @overload
    def __getitem__(self, idx: slice) -> LayerDrop: ...
    @overload
    def __getitem__(self, idx: int) -> nn.Module: ...
    def __getitem__(self, idx: int | slice) -> nn.Module:
        if isinstance(idx, slice):
            # A copy keeps the rate and the mode; the layers are the same objects.
            part = copy.copy(self)
            part._modules = {str(place): layer for place, layer in enumerate(list(self)[idx])}
            return part
        return super().__getitem__(idx)

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        return f"p={self.p}"

    def __repr__(self) -> str:
        # A list of modules shows its layers alone, equal ones in one line.
        start = f"{type(self).__name__}("
        indent = "\n  " if len(self) else ""
        return super().__repr__().replace(start, f"{start}{indent}{self.extra_repr()}", 1)
