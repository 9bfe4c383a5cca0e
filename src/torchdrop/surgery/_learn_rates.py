"""A network whose dropout layers learn their p."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, nn
from torch.nn.utils import parametrize

from .. import nn as ours
from ..errors import ModelError
from ._layer_rates import dropout_rates

_ACTIVATIONS: dict[str, Callable[[ours.ActivationDropout], nn.Module]] = {
    "relu": lambda layer: nn.ReLU(),
    "leaky_relu": lambda layer: nn.LeakyReLU(layer.negative_slope),
    "gelu": lambda layer: nn.GELU(),
    "gelu_tanh": lambda layer: nn.GELU(approximate="tanh"),
    "silu": lambda layer: nn.SiLU(),
}
_ELEMENTS = (nn.Dropout, ours.Dropout)
_CHANNELS = (
    *(nn.Dropout1d, nn.Dropout2d, nn.Dropout3d),
    *(ours.Dropout1d, ours.Dropout2d, ours.Dropout3d),
)


def learn_rates_(
    model: nn.Module, *, start: float = 0.1, temperature: float = 0.1, scale: float = 1.0
) -> dict[str, ours.ConcreteDropout]:
    """Put a `ConcreteDropout` in the place of every dropout layer, in place.

    Layers that drop single elements or whole channels can be replaced: `Dropout` and `Dropout1d` to
    `Dropout3d`, torch's and torchdrop's, and `ActivationDropout`, whose activation comes before.
    Weights and what evaluation computes stay. A layer that is used twice stays one layer.

    Args:
        model: Any module with dropout layers.
        start: Probability of dropping that all of them begin with, in `(0, 1)`.
        temperature: Softness of the masks, above 0.
        scale: The parameter that is learned is `p_logit / scale`, so that an optimizer whose steps
            do not depend on the gradient's size changes p that many times faster.

    Returns:
        The new layers, by the name that the old ones had.

    Raises:
        ModelError: If there is none, or one that no `ConcreteDropout` can stand for.
    """
    swaps: dict[nn.Module, nn.Module] = {}
    learned: dict[str, ours.ConcreteDropout] = {}
    for name in dropout_rates(model):
        layer = model.get_submodule(name)
        concrete = ours.ConcreteDropout(start, temperature=temperature, dims=_dims(name, layer))
        if scale != 1:
            parametrize.register_parametrization(concrete, "p_logit", _Scaled(scale))
        activation = _activation(layer)
        swaps[layer] = nn.Sequential(activation, concrete) if activation else concrete
        learned[name] = concrete
    for parent in list(model.modules()):
        for name, child in parent._modules.items():
            if child in swaps:
                setattr(parent, name, swaps[child])
    return learned


class _Scaled(nn.Module):
    """A parameter that is a multiple of the one that the optimizer sees."""

    def __init__(self, scale: float) -> None:
        super().__init__()
        self.scale = scale

    def forward(self, inner: Tensor) -> Tensor:
        return inner * self.scale

    def right_inverse(self, value: Tensor) -> Tensor:
        return value / self.scale


def _dims(name: str, layer: nn.Module) -> tuple[int, ...] | None:
    """The axes of independent draws, if a layer can be replaced: exact types, as others differ."""
    if getattr(layer, "scale", "train") == "train" and getattr(layer, "batched", True):
        if type(layer) in _CHANNELS:
            return (0, 1)
        if type(layer) in (*_ELEMENTS, ours.ActivationDropout):
            return getattr(layer, "dims", None)
    raise ModelError(
        f"The p of {name} cannot be learned: no ConcreteDropout can stand for {layer}; leave "
        "learning out, or use Dropout there."
    )


def _activation(layer: nn.Module) -> nn.Module | None:
    if not isinstance(layer, ours.ActivationDropout):
        return None
    return _ACTIVATIONS[layer.activation](layer)
