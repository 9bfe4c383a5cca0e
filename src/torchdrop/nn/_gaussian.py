"""The layers that multiply by normal noise, or add it."""

from __future__ import annotations

from torch import Tensor, nn

from ..functional import check_finite_variance, check_std, gaussian_dropout, gaussian_noise


class GaussianDropout(nn.Module):
    """Layer form of `torchdrop.functional.gaussian_dropout`, active in training mode only.

    Multiplies by noise with the mean and variance of dropout's mask. Its mean is 1, so evaluation
    changes nothing and there is no `scale` to choose.

    Args:
        p: Probability of dropping of the dropout whose noise this imitates, in `[0, 1)`: the
            variance is `p / (1 - p)`.

    Raises:
        SettingError: If `p` lies outside `[0, 1)`.

    Example:
        >>> import torch
        >>> layer = GaussianDropout(0.3)
        >>> x = torch.ones(2, 3)
        >>> layer.eval()(x) is x
        True
    """

    def __init__(self, p: float = 0.5) -> None:
        check_finite_variance(p)
        super().__init__()
        self.p = p

    def forward(self, input: Tensor) -> Tensor:
        """Apply `gaussian_dropout` with this layer's rate and mode."""
        return gaussian_dropout(input, self.p, training=self.training)

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        return f"p={self.p}"


class GaussianNoise(nn.Module):
    """Layer form of `torchdrop.functional.gaussian_noise`, active in training mode only.

    Adds noise, usually to the inputs of a network. It is not a dropout and has no `p`.

    Args:
        std: Standard deviation of the noise, at least 0, in the units of the input.

    Raises:
        SettingError: If `std` is negative or not finite.

    Example:
        >>> import torch
        >>> layer = GaussianNoise(0.1)
        >>> x = torch.ones(2, 3)
        >>> layer.eval()(x) is x
        True
    """

    def __init__(self, std: float) -> None:
        check_std(std)
        super().__init__()
        self.std = std

    def forward(self, input: Tensor) -> Tensor:
        """Apply `gaussian_noise` with this layer's deviation and mode."""
        return gaussian_noise(input, self.std, training=self.training)

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        return f"std={self.std}"
