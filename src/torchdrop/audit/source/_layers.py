"""One layer as source shows it: which of torch's, built or called where, with which arguments."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace

from ._arguments import Argument, argument
from ._file import SourceFile

ELEMENT_DROPOUTS = frozenset({"Dropout", "AlphaDropout"})
CHANNEL_DROPOUTS = frozenset({"Dropout1d", "Dropout2d", "Dropout3d", "FeatureAlphaDropout"})
DROPOUTS = ELEMENT_DROPOUTS | CHANNEL_DROPOUTS

RECTIFIERS = frozenset({"ReLU", "LeakyReLU", "PReLU", "RReLU", "ReLU6", "Threshold"})
SMOOTH = frozenset(
    {"GELU", "SiLU", "Mish", "ELU", "CELU", "SELU", "Sigmoid", "Tanh", "Softplus", "LogSigmoid"}
    | {"Hardswish", "Hardsigmoid", "Hardtanh", "Softsign", "Tanhshrink", "GLU"}
)
ACTIVATIONS = RECTIFIERS | SMOOTH
PROBABILITIES = frozenset({"Softmax", "Softmax2d", "LogSoftmax", "Softmin"})
BATCH_NORMS = frozenset({"BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "SyncBatchNorm"})
MAX_POOLS = frozenset(f"{x}MaxPool{n}d" for x in ("", "Adaptive") for n in (1, 2, 3))
CONVOLUTIONS = frozenset(f"Conv{x}{n}d" for x in ("", "Transpose") for n in (1, 2, 3))
WEIGHTED = CONVOLUTIONS | {"Linear", "Bilinear"}
PARAMETRIC = (
    WEIGHTED
    | BATCH_NORMS
    | {"LSTM", "GRU", "RNN", "LSTMCell", "GRUCell", "RNNCell", "Embedding", "EmbeddingBag"}
    | {"LayerNorm", "GroupNorm", "RMSNorm", "PReLU", "MultiheadAttention", "Transformer"}
    | {f"Transformer{x}{y}" for x in ("Encoder", "Decoder") for y in ("", "Layer")}
)

_FUNCTIONAL = "torch.nn.functional."
_TORCH = ("torch.", "torch.special.", "torch.Tensor.")
_CALLED = {
    **{name.lower(): name for name in DROPOUTS | MAX_POOLS | ACTIVATIONS | PROBABILITIES},
    **{"alpha_dropout": "AlphaDropout", "feature_alpha_dropout": "FeatureAlphaDropout"},
    **{"leaky_relu": "LeakyReLU", "log_softmax": "LogSoftmax", "logsigmoid": "LogSigmoid"},
    **{f"max_pool{n}d": f"MaxPool{n}d" for n in (1, 2, 3)},
    **{f"adaptive_max_pool{n}d": f"AdaptiveMaxPool{n}d" for n in (1, 2, 3)},
    **{"flatten": "Flatten", "linear": "Linear", "batch_norm": "BatchNorm1d"},
    **{f"conv{n}d": f"Conv{n}d" for n in (1, 2, 3)},
    **{"expit": "Sigmoid", "layer_norm": "LayerNorm", "embedding": "Embedding"},
}
METHODS = ("relu", "sigmoid", "tanh", "softmax", "log_softmax", "flatten")


@dataclass(frozen=True, slots=True)
class Layer:
    """A step of a sequence.

    Attributes:
        kind: Name of torch's layer, also for its functional form: `Dropout`, `Linear`; `None` for
            anything else, such as another class, or what cannot be told.
        node: Where it stands in the sequence: where it is built, or called.
        call: Where its arguments are.
        file: The file of `call`.
        is_function: Whether the first argument of `call` is the tensor.
        test: The condition without which a list of layers has no such entry.
    """

    kind: str | None
    node: ast.expr
    call: ast.Call | None
    file: SourceFile
    is_function: bool = False
    test: ast.expr | None = None

    def argument(self, name: str, position: int) -> Argument:
        """The argument for a parameter, by its place in the layer's constructor."""
        if self.call is None:
            return Argument(is_hidden=True)
        place = position + self.is_function
        return argument(self.call, name, place, self.file.callee(self.call))

    @property
    def is_dropout(self) -> bool:
        """Whether it drops something, as far as its rate is known."""
        return self.kind in DROPOUTS and self.rate() != 0.0

    def rate(self) -> float | None:
        """The probability of dropping, where it is a constant."""
        given = self.argument("p", 0)
        if given.is_missing:
            return 0.5
        return None if given.value is None else number(self.file, given.value)

    def at(self, node: ast.expr) -> Layer:
        """The same layer, standing elsewhere in a sequence."""
        return replace(self, node=node)

    def on(self, test: ast.expr) -> Layer:
        """The same layer, there only on a condition."""
        return replace(self, test=test)


def number(file: SourceFile, expression: ast.expr) -> float | None:
    """The number that an expression is, also through a variable; `None` if it is no constant."""
    value = file.value_of(expression)
    if isinstance(value, ast.Constant) and isinstance(value.value, (int, float)):
        return None if isinstance(value.value, bool) else float(value.value)
    return None


def opaque(file: SourceFile, node: ast.expr) -> Layer:
    """A step of which nothing is known."""
    return Layer(None, node, None, file)


def built_kind(name: str) -> str | None:
    """Kind of the layer that a class's dotted name is; `None` for other classes."""
    own, _, last = name.rpartition(".")
    if own == "torch.nn" and last[:1].isupper():
        return last.removeprefix("Lazy")
    if own in ("torchdrop", "torchdrop.nn") and last in DROPOUTS:
        return last
    return None


def called_kind(name: str) -> str | None:
    """Kind of the layer that a function's dotted name acts as; `None` for other functions."""
    own, _, last = name.rpartition(".")
    is_torch = f"{own}." == _FUNCTIONAL or (f"{own}." in _TORCH and last != "threshold")
    return _CALLED.get(last.removesuffix("_")) if is_torch else None
