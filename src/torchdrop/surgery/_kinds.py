"""Tell which layers and functions carry weights, activate, drop, add or multiply."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn.modules import activation
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.nn.modules.instancenorm import _InstanceNorm

from ..nn import DropPath, StochasticDepth
from ._dropped import DroppedInput, DroppedOutput
from ._flow import Kind
from ._recognize import is_ours

_NO_ACTIVATIONS = (nn.MultiheadAttention, nn.Softmax, nn.Softmax2d, nn.LogSoftmax, nn.Softmin)
_ACTIVATIONS = tuple(
    kind
    for name in activation.__all__
    if not issubclass(kind := getattr(activation, name), _NO_ACTIVATIONS)
)
_NORMS = (_BatchNorm, _InstanceNorm, nn.LayerNorm, nn.GroupNorm, nn.LocalResponseNorm)

ACTIVATING = frozenset(
    {
        "relu",
        "relu_",
        "relu6",
        "leaky_relu",
        "leaky_relu_",
        "gelu",
        "silu",
        "mish",
        "elu",
        "elu_",
        "selu",
        "selu_",
        "celu",
        "celu_",
        "glu",
        "hardswish",
        "hardtanh",
        "hardtanh_",
        "softplus",
        "softsign",
        "tanh",
        "tanh_",
        "sigmoid",
        "sigmoid_",
        "hardsigmoid",
        "logsigmoid",
        "prelu",
        "rrelu",
        "rrelu_",
        "threshold",
        "threshold_",
        "tanhshrink",
        "softshrink",
        "hardshrink",
    }
)
"""Functions that are activations, by torch's name."""

GATING = frozenset({"sigmoid", "sigmoid_", "hardsigmoid", "Sigmoid", "Hardsigmoid"})
"""Activations that scale another tensor where they meet one in a product."""

_ELEMENTWISE = ACTIVATING | frozenset(
    {
        "add",
        "__add__",
        "__radd__",
        "add_",
        "sub",
        "__sub__",
        "__rsub__",
        "rsub",
        "mul",
        "__mul__",
        "__rmul__",
        "mul_",
        "div",
        "__truediv__",
        "true_divide",
        "pow",
        "__pow__",
        "exp",
        "erf",
        "erf_",
        "sqrt",
        "square",
        "clamp",
        "clamp_",
        "clamp_min",
        "maximum",
        "minimum",
        "max",
        "neg",
        "__neg__",
        "abs",
        "sin",
        "cos",
        "log",
        "log1p",
        "expm1",
        "where",
    }
)
_BENDING = ACTIVATING | frozenset(
    {
        "exp",
        "erf",
        "erf_",
        "clamp",
        "clamp_",
        "clamp_min",
        "maximum",
        "sin",
        "cos",
        "pow",
        "__pow__",
        "square",
        "where",
    }
)
_SUMS = frozenset({"add", "__add__", "__radd__", "__iadd__", "add_"})
_PRODUCTS = frozenset({"mul", "__mul__", "__rmul__", "__imul__", "mul_", "multiply"})
_WEIGHTED = frozenset(
    {
        "linear",
        "bilinear",
        "conv1d",
        "conv2d",
        "conv3d",
        "conv_transpose1d",
        "conv_transpose2d",
        "conv_transpose3d",
        "addmm",
    }
)
_MATRIX = frozenset({"matmul", "__matmul__", "__rmatmul__", "mm", "bmm", "einsum", "baddbmm"})
_DROPPING = frozenset(
    {
        "dropout",
        "dropout_",
        "dropout1d",
        "dropout2d",
        "dropout3d",
        "alpha_dropout",
        "alpha_dropout_",
        "feature_dropout",
        "feature_dropout_",
        "feature_alpha_dropout",
        "feature_alpha_dropout_",
        "native_dropout",
    }
)


def is_leaf(layer: nn.Module) -> bool:
    """Whether a layer's inside is its own affair: no layers in it that it calls one by one."""
    if isinstance(layer, (nn.MultiheadAttention, DroppedInput, DroppedOutput)):
        return True
    return not set(layer._modules) - {"parametrizations"}


def kind_of_layer(layer: nn.Module) -> Kind:
    """Say what a leaf is, by its class and its own parameters."""
    if _drops(layer):
        return "dropout"
    if isinstance(layer, _BatchNorm) or (
        isinstance(layer, _InstanceNorm) and layer.track_running_stats
    ):
        return "batch_norm"
    if isinstance(layer, _ACTIVATIONS):
        return "activation"
    if isinstance(layer, _NORMS):
        return "other"
    # Parameters of the parametrized and of `MultiheadAttention.out_proj` are deeper down.
    return "weight" if any(weight.dim() > 1 for weight in layer.parameters()) else "other"


def _drops(layer: nn.Module) -> bool:
    if isinstance(layer, (DropPath, StochasticDepth)):
        return False  # whole branches, not what comes out of an activation
    kinds = (DroppedInput, DroppedOutput, _DropoutNd)
    named = type(layer).__name__.endswith("Dropout")
    return isinstance(layer, kinds) or named or (is_ours(layer) and hasattr(layer, "p"))


def activates(calls: Sequence[str]) -> bool:
    """Whether functions called one after the other make up an activation of one's own."""
    return _ELEMENTWISE.issuperset(calls) and not _BENDING.isdisjoint(calls)


def kind_of_function(name: str, given: Sequence[Tensor], computed: int) -> Kind:
    """Say what a function does.

    Args:
        name: What torch calls it.
        given: The tensors among its arguments that no input of the model has gone into.
        computed: How many different results of other steps are among its arguments.

    Returns:
        Its kind.
    """
    if name in ACTIVATING:
        return "activation"
    if name in _DROPPING:
        return "dropout"
    if name == "batch_norm":
        return "batch_norm"
    if (name in _WEIGHTED and any(tensor.dim() > 1 for tensor in given)) or (
        name in _MATRIX and any(isinstance(t, nn.Parameter) and t.dim() > 1 for t in given)
    ):
        return "weight"
    if computed > 1 and name in _SUMS:
        return "sum"
    return "product" if computed > 1 and name in _PRODUCTS else "other"
