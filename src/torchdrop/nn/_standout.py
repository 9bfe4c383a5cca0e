"""The layer that drops those of its units that its input does not speak for."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..functional import standout


class Standout(nn.Module):
    """Linear layer, activation and adaptive dropout in one, which share the linear map.

    With `a = linear(x)`, training gives `activation(a) * k` with
    `k ~ Bernoulli(sigmoid(alpha * a + beta))`, and evaluation `activation(a) * sigmoid(alpha * a +
    beta)`, the expectation. So units whose input is large are kept; `alpha = 0` is dropout of the
    classic kind with keep probability `sigmoid(beta)`.

    Args:
        linear: The layer that it modulates, owned and trained as part of this one; its weights
            serve both the activation and the probability of keeping.
        alpha: How strongly the probability follows the layer's output.
        beta: Log-odds of keeping where the output is 0; higher drops less.
        activation: Applied to the layer's output.

    Example:
        >>> import torch
        >>> layer = Standout(torch.nn.Linear(4, 3), beta=1.0)
        >>> layer(torch.ones(2, 4)).shape
        torch.Size([2, 3])

    Source:
        Ba and Frey, "Adaptive dropout for training deep neural networks", NeurIPS 2013: of its ways
        to set the standout network, the one that ties its weights to those of the layer. Differs:
        the paper's affine function is one of the single weights; ours, as is common, is one of
        their sum, bias included.
    """

    def __init__(
        self,
        linear: nn.Module,
        alpha: float = 1.0,
        beta: float = 0.0,
        activation: Callable[[Tensor], Tensor] = torch.relu,
    ) -> None:
        super().__init__()
        self.linear = linear
        self.alpha = alpha
        self.beta = beta
        self.activation = activation

    def forward(self, input: Tensor) -> Tensor:
        """Apply the layer, the activation and `standout` with this layer's mode."""
        a = self.linear(input)
        return standout(self.activation(a), self.alpha * a + self.beta, training=self.training)

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        return f"alpha={self.alpha}, beta={self.beta}"
