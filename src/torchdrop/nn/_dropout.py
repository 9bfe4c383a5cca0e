"""The layer that drops single elements."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn
from typing_extensions import Self

from ..errors import SettingError
from ..functional import Scale, check_probability, check_scale, dropout, dropout_


class Dropout(nn.Dropout):
    """Layer form of `torchdrop.functional.dropout`, active in training mode only.

    A drop-in for `torch.nn.Dropout`, and a subclass of it, so that code which looks for torch's
    layer finds this one. Keeps nothing for backward but a seed.

    Args:
        p: Probability of dropping an element, in `[0, 1]`. Not the keep rate.
        inplace: Whether to write the result into the input.
        scale: `train` divides by `1 - p` in training; `eval` multiplies by `1 - p` in evaluation.
        dims: Axes along which draws are independent; along the others the mask is shared. `None`
            means all axes.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`.

    Example:
        >>> import torch
        >>> layer = Dropout(0.3)
        >>> x = torch.ones(2, 3)
        >>> layer.eval()(x) is x
        True
    """

    def __init__(
        self,
        p: float = 0.5,
        inplace: bool = False,
        *,
        scale: Scale = "train",
        dims: tuple[int, ...] | None = None,
    ) -> None:
        check_probability(p)
        check_scale(scale)
        super().__init__(p, inplace)
        self.scale: Scale = scale
        self.dims = dims

    @classmethod
    def from_keep_probability(cls, q: float, inplace: bool = False, **settings: Any) -> Self:
        """Build the layer from a probability of keeping, as papers and old frameworks give it.

        Args:
            q: Probability of keeping an element, in `[0, 1]`.
            inplace: Whether to write the result into the input.
            **settings: What else the class takes.

        Returns:
            A layer with `p = 1 - q`.

        Raises:
            SettingError: If `q` lies outside `[0, 1]`, or another setting is refused.
        """
        if not 0.0 <= q <= 1.0:
            raise SettingError(f"q is the probability of keeping, in [0, 1]; got q={q}.")
        return cls(p=1.0 - q, inplace=inplace, **settings)

    def forward(self, input: Tensor) -> Tensor:
        """Apply `dropout` with this layer's rate and mode."""
        apply = dropout_ if self.inplace else dropout
        return apply(input, self.p, training=self.training, dims=self.dims, scale=self.scale)

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        scale = "" if self.scale == "train" else f", scale={self.scale!r}"
        dims = "" if self.dims is None else f", dims={self.dims}"
        return f"{super().extra_repr()}{scale}{dims}"
