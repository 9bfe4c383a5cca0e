"""Layers that learn the strength of Gaussian noise: on their input, and on their weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from ..functional import (
    check_finite_variance,
    log_odds,
    variational_dropout,
    variational_kl,
    variational_linear,
    variational_log_alpha,
)


class VariationalDropout(nn.Module):
    """Layer form of `torchdrop.functional.variational_dropout`, active in training mode only.

    Holds `log_alpha` as a parameter, which the optimizer learns with the weights. The loss alone
    drives the noise to 0; add `kl() / N` for N training samples.

    Args:
        p: The rate of dropout whose noise is as strong at the start, `alpha = p / (1 - p)`, in
            `[0, 1)`. Learned from then on; 0 is taken as `log_alpha = -40`.
        features: Size of the last axis, for an alpha of each feature's own; `None` for one alpha.

    Raises:
        SettingError: If `p` lies outside `[0, 1)`: at 1 the variance is infinite.

    Example:
        >>> import torch
        >>> layer = VariationalDropout(0.5, features=3)
        >>> layer.p.tolist(), layer.log_alpha.tolist()
        ([0.5, 0.5, 0.5], [0.0, 0.0, 0.0])
    """

    def __init__(self, p: float = 0.5, features: int | None = None) -> None:
        check_finite_variance(p)
        super().__init__()
        shape = () if features is None else (features,)
        self.log_alpha = nn.Parameter(torch.full(shape, log_odds(p)))

    @property
    def p(self) -> Tensor:
        """Rate of the dropout that is as noisy, `alpha / (1 + alpha)`; shape of `log_alpha`."""
        return torch.sigmoid(self.log_alpha)

    def kl(self, units: int = 1) -> Tensor:
        """Sum up the cost of the noise, `torchdrop.functional.variational_kl`.

        Args:
            units: How many units share each alpha; with one alpha for the layer, its width.

        Returns:
            A tensor without axes, in nats; divide it by the number of training samples.
        """
        return units * variational_kl(self.log_alpha).sum()

    def forward(self, input: Tensor) -> Tensor:
        """Apply `variational_dropout` with this layer's noise and mode."""
        return variational_dropout(input, self.log_alpha, training=self.training)

    def extra_repr(self) -> str:
        """Show the mean rate in `print(model)`."""
        features = f", features={len(self.log_alpha)}" if self.log_alpha.ndim else ""
        return f"p={float(self.p.detach().mean()):.4g}{features}"


class VariationalLinear(nn.Linear):
    """Linear layer with a learned noise on each weight, which tells needless weights apart.

    Layer form of `torchdrop.functional.variational_linear`: random in training mode; in evaluation
    the mean, with the weights cut to 0 whose noise exceeds `threshold`. A subclass of
    `torch.nn.Linear` with one more parameter, `log_sigma2`. Add `kl() / N` to the loss for N
    training samples; raising its factor from 0 to 1 over the first epochs helps training to start.

    Args:
        in_features: Size of the input's last axis.
        out_features: Size of the output's last axis.
        bias: Whether to add a bias, which has no noise.
        threshold: Above which `log_alpha` evaluation cuts a weight.
        log_sigma2: Logarithm of every weight's variance at the start.
        device: Where the parameters are.
        dtype: Of the parameters.

    Example:
        >>> import torch
        >>> layer = VariationalLinear(4, 2)
        >>> layer.sparsity().item(), tuple(layer.train()(torch.ones(3, 4)).shape)
        (0.0, (3, 2))

    Source:
        Molchanov, Ashukha and Vetrov, ICML 2017: additive noise `log_sigma2`, started at -10, and
        the threshold of 3.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        threshold: float = 3.0,
        log_sigma2: float = -10.0,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__(in_features, out_features, bias, device, dtype)
        self.threshold = threshold
        self.log_sigma2 = nn.Parameter(torch.full_like(self.weight, log_sigma2))

    @property
    def log_alpha(self) -> Tensor:
        """Logarithm of variance over squared mean, for each weight; shape `(out, in)`."""
        return variational_log_alpha(self.log_sigma2, self.weight)

    @property
    def p(self) -> Tensor:
        """Mean over the weights of `alpha / (1 + alpha)`, the rate of a dropout as noisy."""
        return torch.sigmoid(self.log_alpha).mean()

    def kl(self) -> Tensor:
        """Sum `torchdrop.functional.variational_kl` over the weights: a tensor without axes."""
        return variational_kl(self.log_alpha).sum()

    def sparsity(self, threshold: float | None = None) -> Tensor:
        """Count the weights that evaluation cuts.

        Args:
            threshold: Above which `log_alpha` a weight is cut; `None` means that of the layer.

        Returns:
            Their share, in `[0, 1]`; a tensor without axes or gradient.
        """
        limit = self.threshold if threshold is None else threshold
        return (self.log_alpha.detach() > limit).float().mean()

    def forward(self, input: Tensor) -> Tensor:
        """Apply `variational_linear` with this layer's weights, noise and mode."""
        return variational_linear(
            input,
            self.weight,
            self.log_sigma2,
            self.bias,
            training=self.training,
            threshold=self.threshold,
        )

    def extra_repr(self) -> str:
        """Show the settings and the mean rate in `print(model)`."""
        rate = float(self.p.detach())
        return f"{super().extra_repr()}, p={rate:.4g}, threshold={self.threshold}"
