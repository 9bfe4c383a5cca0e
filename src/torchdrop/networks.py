"""Networks with dropout where the chapter puts it: between an activation and the next layer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from torch import nn

from .errors import SettingError
from .nn import ActivationDropout, Dropout

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "leaky_relu": nn.LeakyReLU,
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
}


def mlp(
    *widths: int, p: float, activation: str = "leaky_relu", fuse: bool = False
) -> nn.Sequential:
    """Build a chain of linear layers, with an activation and dropout between any two.

    `mlp(300, 200, 100, 50, 10, p=0.3)` is the chapter's network: Linear 300-200, LeakyReLU,
    Dropout, Linear 200-100, LeakyReLU, Dropout, Linear 100-50, LeakyReLU, Dropout, Linear 50-10.
    Nothing is dropped before the first layer nor after the last. With `p=0` the dropout layers
    stay, so that the names in `state_dict` do not depend on p.

    Args:
        *widths: Units of each layer: inputs, hidden layers, outputs. At least two, each positive.
        p: Probability of dropping a hidden unit, in `[0, 1]`.
        activation: A name in `ACTIVATIONS`.
        fuse: Whether activation and dropout are one layer, `ActivationDropout`, in the place of
            the dropout, with an `Identity` before it: the same names, initial weights and masks.
            For tanh, which cannot be fused, this changes nothing.

    Returns:
        The network; it maps `(N, widths[0])` to `(N, widths[-1])`.

    Raises:
        SettingError: If a width, `p` or the activation is out of range.

    Example:
        >>> print(mlp(4, 3, 2, p=0.3))
        Sequential(
          (0): Linear(in_features=4, out_features=3, bias=True)
          (1): LeakyReLU(negative_slope=0.01)
          (2): Dropout(p=0.3, inplace=False)
          (3): Linear(in_features=3, out_features=2, bias=True)
        )
    """
    if len(widths) < 2 or any(width < 1 for width in widths):
        raise SettingError(
            f"widths are the units of each layer, at least two and each positive; got {widths}."
        )
    if activation not in ACTIVATIONS:
        raise SettingError(f"activation is one of {', '.join(ACTIVATIONS)}; got {activation!r}.")
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths[:-1]):
        layers += [nn.Linear(inputs, outputs), *_hidden(ACTIVATIONS[activation](), p, fuse=fuse)]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))


def _hidden(activation: nn.Module, p: float, *, fuse: bool) -> tuple[nn.Module, nn.Module]:
    if fuse and ActivationDropout.supports(activation):
        return nn.Identity(), ActivationDropout(activation, p)
    return activation, Dropout(p)


@dataclass(frozen=True)
class MLP:
    """A recipe for `mlp` that leaves p open: call it with p, and it builds the network.

    Attributes:
        widths: Units of each layer: inputs, hidden layers, outputs.
        activation: A name in `ACTIVATIONS`.
        fuse: As in `mlp`.
    """

    widths: tuple[int, ...]
    activation: str = "leaky_relu"
    fuse: bool = False

    def __call__(self, p: float) -> nn.Sequential:
        """Build the network with probability `p` of dropping."""
        return mlp(*self.widths, p=p, activation=self.activation, fuse=self.fuse)
