"""The linear layer that drops single weights."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..functional import Inference, check_inference, check_probability, drop_connect


class DropConnect(nn.Linear):
    """Layer form of `torchdrop.functional.drop_connect`, active in training mode only.

    A subclass of `torch.nn.Linear` with its arguments, initialization and `state_dict`, so that
    one can be loaded from the other.

    Args:
        in_features: Size of the last axis of the input.
        out_features: Size of the last axis of the output.
        bias: Whether there is a bias; it is dropped like a weight.
        device: Where the parameters shall be.
        dtype: Of the parameters.
        p: Probability of dropping a weight, in `[0, 1]`. Not the keep rate.
        per_sample: Whether each sample gets masks of its own.
        activation: A function or an elementwise module, applied to the result; `None` for none.
        inference: What is computed out of training, `mean` or `gaussian`.
        samples: How many normal draws `gaussian` averages.

    Raises:
        SettingError: If `p` lies outside `[0, 1]`, `inference` is unknown or without its
            activation, or `samples` is not positive.

    Example:
        >>> import torch
        >>> layer = DropConnect(3, 5, p=0.2)
        >>> plain = torch.nn.Linear(3, 5)
        >>> plain.load_state_dict(layer.state_dict())
        <All keys matched successfully>
        >>> x = torch.rand(2, 3)
        >>> torch.equal(layer.eval()(x), plain(x))
        True
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: torch.device | str | None = None,
        dtype: torch.dtype | None = None,
        *,
        p: float = 0.5,
        per_sample: bool = True,
        activation: Callable[[Tensor], Tensor] | None = None,
        inference: Inference = "mean",
        samples: int = 100,
    ) -> None:
        check_probability(p)
        check_inference(inference, activation, samples)
        super().__init__(in_features, out_features, bias, device, dtype)
        self.p = p
        self.per_sample = per_sample
        self.activation = activation
        self.inference: Inference = inference
        self.samples = samples

    def forward(self, input: Tensor) -> Tensor:
        """Apply `drop_connect` with this layer's weights, rate and mode."""
        return drop_connect(
            input,
            self.weight,
            self.bias,
            self.p,
            training=self.training,
            per_sample=self.per_sample,
            activation=self.activation,
            inference=self.inference,
            samples=self.samples,
        )

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        gaussian = f", inference='gaussian', samples={self.samples}"
        inference = gaussian if self.inference == "gaussian" else ""
        shared = "" if self.per_sample else ", per_sample=False"
        return f"{super().extra_repr()}, p={self.p}{shared}{inference}"
