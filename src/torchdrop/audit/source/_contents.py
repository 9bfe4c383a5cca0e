"""What a module holds inside: dropout, weights, or neither."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ._classes import ClassInfo, find_class
from ._file import SourceFile
from ._layers import CHANNEL_DROPOUTS, PARAMETRIC, Layer, built_kind, number

_DEPTH = 4
_SEQUENTIAL = "torch.nn.Sequential"
_PATHS = ("DropPath", "StochasticDepth", "DropBlock2d", "DropBlock3d")
_BY_DEFAULT = ("Transformer", "TransformerEncoderLayer", "TransformerDecoderLayer")
_ON_REQUEST = {"LSTM": 5, "GRU": 5, "RNN": 6, "MultiheadAttention": 2}
_CONTAINERS = ("builtins.list", "builtins.tuple", "builtins.dict", "builtins.set")


def is_dropout(file: SourceFile, call: ast.expr) -> bool:
    """Whether an expression builds a layer that drops something: units, channels or paths."""
    if not isinstance(call, ast.Call):
        return False
    callee = file.callee(call)
    name = callee.name if callee else ""
    own, _, last = name.rpartition(".")
    if own and last in _PATHS:
        return not (call.args and number(file, call.args[0]) == 0.0)
    return Layer(built_kind(name), call, call, file).is_dropout


def carries_a_rate(layer: Layer) -> bool:
    """Whether a layer drops without holding a `torch.nn.Dropout` for all of it."""
    kind = layer.kind or ""
    if kind in CHANNEL_DROPOUTS or kind == "AlphaDropout":
        return layer.is_dropout
    if kind in _BY_DEFAULT:
        given = layer.argument("dropout", 5 if kind == "Transformer" else 3)
        return given.value is None or number(layer.file, given.value) != 0.0
    if kind in _ON_REQUEST:
        given = layer.argument("dropout", _ON_REQUEST[kind])
        return given.value is not None and number(layer.file, given.value) != 0.0
    return False


def holds_dropout(file: SourceFile, module: ast.expr, depth: int = _DEPTH) -> bool:
    """Whether an expression builds a module with dropout somewhere inside."""
    return any(
        is_dropout(where, call) or carries_a_rate(_layer(where, call))
        for where, call in _inside(file, module, depth)
    )


def holds_weights(file: SourceFile, module: ast.expr, depth: int = _DEPTH) -> bool:
    """Whether an expression builds a module with parameters somewhere inside."""
    return any(
        _layer(where, call).kind in PARAMETRIC for where, call in _inside(file, module, depth)
    )


def contained(file: SourceFile, value: ast.expr) -> list[ast.expr] | None:
    """List the entries of a plain container.

    Args:
        file: Where it is.
        value: An expression, such as `[nn.Dropout(p) for _ in range(n)]`.

    Returns:
        The expressions of its entries, as far as they are seen; `None` if it is no plain list,
        tuple, set or dictionary.
    """
    if isinstance(value, (ast.List, ast.Tuple, ast.Set)):
        return list(value.elts)
    if isinstance(value, ast.Dict):
        return list(value.values)
    if isinstance(value, (ast.ListComp, ast.SetComp, ast.DictComp)):
        return [value.value if isinstance(value, ast.DictComp) else value.elt]
    if isinstance(value, ast.BinOp) and isinstance(value.op, (ast.Mult, ast.Add)):
        sides = [contained(file, value.left), contained(file, value.right)]
        known = [x for x in sides if x is not None]
        return [entry for x in known for entry in x] if known else None
    is_built = isinstance(value, ast.Call) and file.qualified(value.func) in _CONTAINERS
    return _converted(file, value) if is_built and isinstance(value, ast.Call) else None


def _converted(file: SourceFile, call: ast.Call) -> list[ast.expr]:
    """Entries of `list(...)` and its like."""
    first = call.args[0] if len(call.args) == 1 else None
    if isinstance(first, ast.GeneratorExp):
        return [first.elt]
    inner = contained(file, first) if first is not None else []
    return [*(inner or []), *(keyword.value for keyword in call.keywords)]


def _layer(file: SourceFile, call: ast.Call) -> Layer:
    callee = file.callee(call)
    return Layer(built_kind(callee.name) if callee else None, call, call, file)


def _inside(
    file: SourceFile, module: ast.expr, depth: int
) -> Iterator[tuple[SourceFile, ast.Call]]:
    """Every construction of a layer that a module consists of."""
    value = file.value_of(module)
    if isinstance(value, ast.IfExp):
        yield from _inside(file, value.body, depth)
        yield from _inside(file, value.orelse, depth)
    if not isinstance(value, ast.Call) or depth == 0:
        return
    yield file, value
    callee = file.callee(value)
    if callee is None:
        return
    if callee.name == _SEQUENTIAL:
        for arg in value.args:
            yield from _inside(file, arg, depth)
        return
    found = find_class(file, callee.name)
    if found is not None and found.is_module():
        yield from _of_class(found, depth - 1)


def _of_class(info: ClassInfo, depth: int) -> Iterator[tuple[SourceFile, ast.Call]]:
    for held in info.holds():
        yield from _inside(held.file, held.value, depth)
