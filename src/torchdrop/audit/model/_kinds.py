"""Tell which layers and functions carry weights, activate, drop or normalize."""

from __future__ import annotations

from collections.abc import Iterable

from torch import Tensor, nn
from torch.nn.modules import activation
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.conv import _ConvNd
from torch.nn.modules.dropout import _DropoutNd

from ... import nn as ours
from ...sites import WHOLE, is_dropout, is_leaf
from ._steps import Form, Kind

_PROBABILITIES = (nn.Softmax, nn.Softmax2d, nn.LogSoftmax, nn.Softmin, nn.Sigmoid, nn.LogSigmoid)
_COMMUTING = (nn.ReLU, nn.LeakyReLU, nn.PReLU, nn.RReLU)
_ACTIVATIONS = tuple(
    kind
    for name in activation.__all__
    if (kind := getattr(activation, name)) is not nn.MultiheadAttention
)

_FUNCTIONS: dict[str, Kind] = {
    **dict.fromkeys(("relu", "relu_", "leaky_relu", "leaky_relu_", "prelu", "rrelu"), "relu"),
    **dict.fromkeys(("selu", "selu_"), "selu"),
    **dict.fromkeys(
        (
            *("gelu", "silu", "silu_", "mish", "elu", "elu_", "celu", "celu_", "tanh", "tanh_"),
            *("hardswish", "hardtanh", "hardtanh_", "relu6", "softplus", "softsign"),
        ),
        "activation",
    ),
    **dict.fromkeys(
        (
            *("softmax", "log_softmax", "softmin", "_softmax", "_log_softmax"),
            *("sigmoid", "sigmoid_", "logsigmoid", "hardsigmoid"),
        ),
        "probabilities",
    ),
    "batch_norm": "batch_norm",
}
_WEIGHTED = frozenset(
    (
        *("linear", "bilinear", "addmm", "conv1d", "conv2d", "conv3d"),
        *("conv_transpose1d", "conv_transpose2d", "conv_transpose3d"),
    )
)
_MATRIX = frozenset(("matmul", "__matmul__", "__rmatmul__", "mm", "einsum"))


def is_step(layer: nn.Module) -> bool:
    """Whether a layer counts as one step: dropout, and torch's own that call no others."""
    if is_dropout(layer) or isinstance(layer, WHOLE):
        return True
    return type(layer).__module__.startswith("torch.nn.") and is_leaf(layer)


def kind_of_layer(layer: nn.Module) -> Kind:
    """Say what a layer is that counts as one step."""
    kinds: tuple[tuple[Kind, tuple[type[nn.Module], ...]], ...] = (
        ("batch_norm", (_BatchNorm,)),
        ("weight", (nn.Linear, nn.Bilinear, _ConvNd)),
        ("probabilities", _PROBABILITIES),
        ("relu", _COMMUTING),
        ("selu", (nn.SELU,)),
        ("activation", _ACTIVATIONS),
    )
    return next((kind for kind, types in kinds if isinstance(layer, types)), "other")


def kind_of_function(name: str, given: Iterable[Tensor]) -> Kind:
    """Say what a function does, by torch's name for it and the tensors it was given."""
    if name in _FUNCTIONS:
        return _FUNCTIONS[name]
    if name in _WEIGHTED:
        return "weight"
    held = name in _MATRIX and any(isinstance(x, nn.Parameter) and x.dim() > 1 for x in given)
    return "weight" if held else "other"


def form_of_layer(layer: nn.Module) -> Form:
    """Say what a dropout layer drops."""
    alpha = nn.AlphaDropout, nn.FeatureAlphaDropout, ours.AlphaDropout, ours.FeatureAlphaDropout
    if isinstance(layer, alpha):
        return "alpha"
    if isinstance(layer, (nn.Dropout, ours.Dropout)):
        return "elements"
    return "channels" if isinstance(layer, (_DropoutNd, *CHANNELS)) else "other"


def form_of_function(name: str) -> Form:
    """Say what a function drops, by torch's name for it."""
    if "alpha" in name:
        return "alpha"
    return "channels" if "feature" in name or name[-1:] in "123" else "elements"


CHANNELS = (ours.Dropout1d, ours.Dropout2d, ours.Dropout3d)
"""torchdrop's layers that drop channels; it refuses shapes that torch misreads."""
