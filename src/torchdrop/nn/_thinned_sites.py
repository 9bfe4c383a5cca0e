"""Which dropout layers of a chain drop units that need not be computed."""

from __future__ import annotations

from torch import nn

from ._activation_dropout import ActivationDropout
from ._channels import Dropout2d
from ._dropout import Dropout

POINTWISE = (
    *(nn.Identity, nn.ReLU, nn.LeakyReLU, nn.GELU, nn.SiLU, nn.Tanh, nn.Sigmoid, nn.ELU),
    *(nn.SELU, nn.CELU, nn.Softplus, nn.ReLU6, nn.Hardswish, nn.Mish),
)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d)
CHANNELS = (nn.Dropout2d, Dropout2d)
ROWWISE = (*POINTWISE, nn.Linear, nn.LayerNorm, nn.Dropout)


def sites_to_thin(layers: list[nn.Module]) -> list[int]:
    """Find the dropout layers of a chain whose units need not be computed.

    Args:
        layers: In order.

    Returns:
        Places of dropout layers that stand between two Linear, or two Conv2d, with nothing but
        element-wise activations (and a batch norm) before them since the first.
    """
    return [i for i, layer in enumerate(layers) if _is_dropout(layer) and _fits(layers, i)]


def _fits(layers: list[nn.Module], place: int) -> bool:
    before = next(
        (x for x in reversed(layers[:place]) if not isinstance(x, (*POINTWISE, *NORMS))), None
    )
    after = next((x for x in layers[place + 1 :] if type(x) is not nn.Identity), None)
    if type(layers[place]) in CHANNELS:
        return _is_plain_convolution(before) and _is_plain_convolution(after)
    return type(before) is nn.Linear and type(after) is nn.Linear


def _is_plain_convolution(layer: nn.Module | None) -> bool:
    return type(layer) is nn.Conv2d and layer.groups == 1 and layer.padding_mode == "zeros"


def _is_dropout(layer: nn.Module) -> bool:
    known = (nn.Dropout, Dropout, ActivationDropout, nn.Dropout2d, Dropout2d)
    scaled = getattr(layer, "scale", "train") == "train"
    return type(layer) in known and scaled and getattr(layer, "dims", None) is None
