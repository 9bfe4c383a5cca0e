"""The layer that applies an activation and drops single elements of its output."""

from __future__ import annotations

from torch import Tensor, nn

from ..errors import SettingError
from ..functional import (
    Activation,
    Scale,
    activate,
    activation_dropout,
    activation_dropout_,
    check_activation,
)
from ._dropout import Dropout


class ActivationDropout(Dropout):
    """Layer form of `torchdrop.functional.activation_dropout`; drops in training mode only.

    Stands for an activation followed by `Dropout(p)`, with the same masks. A subclass of `Dropout`,
    so that code which looks for dropout layers finds it, and finds its `p`.

    Args:
        activation: `relu`, `leaky_relu`, `gelu`, `gelu_tanh` or `silu`, or torch's layer: `ReLU`,
            `LeakyReLU`, `GELU` or `SiLU`, whose slope or approximation is then read from it (its
            `inplace` is not).
        p: Probability of dropping an element, in `[0, 1]`. Not the keep rate.
        inplace: Whether to write the result into the input.
        scale: `train` divides by `1 - p` in training; `eval` multiplies by `1 - p` in evaluation.
        negative_slope: What `leaky_relu` multiplies negative elements by; others ignore it.

    Raises:
        SettingError: If `p` lies outside `[0, 1]` or the activation is none of these.

    Example:
        >>> import torch
        >>> ActivationDropout("relu", 0.3).eval()(torch.tensor([-1.0, 2.0]))
        tensor([0., 2.])
    """

    def __init__(
        self,
        activation: Activation | nn.Module = "relu",
        p: float = 0.5,
        inplace: bool = False,
        *,
        scale: Scale = "train",
        negative_slope: float = 0.01,
    ) -> None:
        super().__init__(p, inplace, scale=scale)
        if isinstance(activation, nn.LeakyReLU):
            negative_slope = activation.negative_slope
        self.activation: Activation = _name_of(activation)
        self.negative_slope = negative_slope

    @staticmethod
    def supports(activation: str | nn.Module) -> bool:
        """Say whether this layer can stand for `activation`, a name or a layer."""
        try:
            _name_of(activation)
        except SettingError:
            return False
        return True

    def forward(self, input: Tensor) -> Tensor:
        """Apply `activation_dropout` with this layer's settings and mode."""
        apply = activation_dropout_ if self.inplace else activation_dropout
        return apply(
            input,
            self.activation,
            self.p,
            training=self.training,
            scale=self.scale,
            negative_slope=self.negative_slope,
        )

    def activate(self, input: Tensor) -> Tensor:
        """Apply the activation alone."""
        return activate(input, self.activation, self.negative_slope)

    def extra_repr(self) -> str:
        """Show the settings in `print(model)`."""
        slope = f", negative_slope={self.negative_slope}"
        return (
            f"activation={self.activation!r}, {super().extra_repr()}"
            f"{slope if self.activation == 'leaky_relu' else ''}"
        )


def _name_of(activation: str | nn.Module) -> Activation:
    # Exact types: a subclass may have a forward of its own.
    if type(activation) is nn.GELU and activation.approximate in _GELUS:
        return _GELUS[activation.approximate]
    if type(activation) in _LAYERS:
        return _LAYERS[type(activation)]
    if isinstance(activation, str):
        check_activation(activation)
        return activation  # type: ignore[return-value]
    raise SettingError(
        "activation is a name (relu, leaky_relu, gelu, gelu_tanh, silu) or an instance of "
        f"torch.nn.ReLU, LeakyReLU, GELU or SiLU; got {activation!r}. For another one, put "
        "Dropout after it."
    )


_GELUS: dict[str, Activation] = {"none": "gelu", "tanh": "gelu_tanh"}
_LAYERS: dict[type, Activation] = {
    nn.ReLU: "relu",
    nn.LeakyReLU: "leaky_relu",
    nn.SiLU: "silu",
}
