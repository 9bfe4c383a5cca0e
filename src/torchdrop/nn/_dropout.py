"""The layer that drops single elements."""

from __future__ import annotations

from torch import Tensor, nn

from ..errors import SettingError
from ..functional import Scale, check_probability, dropout, dropout_


class Dropout(nn.Dropout):
    """Layer form of `torchdrop.functional.dropout`, active in training mode only.

    A drop-in for `torch.nn.Dropout`, and a subclass of it, so that code which looks for torch's
    layer finds this one. Keeps nothing for backward but a seed.

    Args:
        p: Probability of dropping an element, in `[0, 1]`. Not the keep rate.
        inplace: Whether to write the result into the input.
        scale: `train` divides by `1 - p` in training; `eval` multiplies by `1 - p` in evaluation.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`.

    Example:
        >>> import torch
        >>> layer = Dropout(0.3)
        >>> x = torch.ones(2, 3)
        >>> layer.eval()(x) is x
        True
    """

    def __init__(self, p: float = 0.5, inplace: bool = False, *, scale: Scale = "train") -> None:
        check_probability(p)
        super().__init__(p, inplace)
        self.scale: Scale = scale

    @classmethod
    def from_keep_probability(
        cls, q: float, inplace: bool = False, *, scale: Scale = "train"
    ) -> Dropout:
        """Build the layer from a probability of keeping, as papers and old frameworks give it.

        Args:
            q: Probability of keeping an element, in `[0, 1]`.
            inplace: Whether to write the result into the input.
            scale: When outputs are rescaled, `train` or `eval`.

        Returns:
            A layer with `p = 1 - q`.

        Raises:
            SettingError: If `q` lies outside `[0, 1]`.
        """
        if not 0.0 <= q <= 1.0:
            raise SettingError(f"q is the probability of keeping, in [0, 1]; got q={q}.")
        return cls(1.0 - q, inplace, scale=scale)

    def forward(self, input: Tensor) -> Tensor:
        """Apply `dropout` with this layer's rate and mode."""
        apply = dropout_ if self.inplace else dropout
        return apply(input, self.p, training=self.training, scale=self.scale)

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        scale = "" if self.scale == "train" else f", scale={self.scale!r}"
        return f"{super().extra_repr()}{scale}"
