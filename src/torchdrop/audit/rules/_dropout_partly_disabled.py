"""Dropout is disabled in part.

## What

The rate of every `torch.nn.Dropout` is set to 0, but nothing is done about dropout that sits
elsewhere.

## Why

`torch.nn.MultiheadAttention`, the recurrent layers and most attention of libraries keep their rate
as a number; `Dropout1d`, `Dropout2d`, `Dropout3d` and `AlphaDropout` are no subclasses of
`Dropout`. With a `TransformerEncoderLayer`, its attention goes on dropping.

## Example

```python
layer = nn.TransformerEncoderLayer(8, 2, dropout=0.1)
for module in layer.modules():
    if isinstance(module, nn.Dropout):
        module.p = 0.0
```

## Instead

```python
from torchdrop.surgery import set_p_

layer = nn.TransformerEncoderLayer(8, 2, dropout=0.1)
set_p_(layer, 0.0)
```

## Known problems

Where it is not seen what the model is made of, this is advice; where it is seen to have no other
dropout, silent.

## References

hiyouga/LLaMA-Factory#10779.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._finding import Severity
from .._rule import Found, Rule
from ..source import (
    ClassInfo,
    Function,
    Layer,
    SourceFile,
    carries_a_rate,
    class_of,
    layers_of,
    number,
    self_name,
    walk,
)

_LAYER = "torch.nn.Dropout"
_LISTS = ("modules", "named_modules", "children", "named_children")
_OTHERS = ("MultiheadAttention", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout")
_MORE = ("_DropoutNd", "RNNBase", "LSTM", "GRU", "dropout")


def _check(file: SourceFile) -> Iterator[Found]:
    for statement in file.nodes(ast.Assign):
        name = _switched_off(file, statement)
        if name is None or not _is_only_dropout(file, statement, name):
            continue
        if _thinks_of_others(file, statement):
            continue
        severity = _severity(file, statement)
        if severity is not None:
            message = "Only `torch.nn.Dropout` is disabled here; other layers may keep their rate."
            if severity == "warning":
                message = "Only `torch.nn.Dropout` is disabled, and this model has other dropout."
            yield Found(statement, message, severity=severity)


def _switched_off(file: SourceFile, statement: ast.Assign) -> str | None:
    """Name of the module whose rate becomes 0."""
    target = statement.targets[0]
    if not (isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name)):
        return None
    is_off = target.attr == "p" and number(file, statement.value) == 0.0
    return target.value.id if is_off else None


def _is_only_dropout(file: SourceFile, statement: ast.stmt, name: str) -> bool:
    """Whether a test around it says that the module is a `torch.nn.Dropout`, and nothing else."""
    tests = [x.test for x in file.ancestors(statement) if isinstance(x, ast.If)]
    return any(_is_test(file, node, name) for test in tests for node in walk(test))


def _is_test(file: SourceFile, node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.Call) and file.qualified(node.func) == "builtins.isinstance":
        return len(node.args) == 2 and _are(file, node.args[0], name, node.args[1])
    if isinstance(node, ast.Compare) and isinstance(node.left, ast.Call) and node.left.args:
        is_type = file.qualified(node.left.func) == "builtins.type"
        return is_type and _are(file, node.left.args[0], name, node.comparators[0])
    return False


def _are(file: SourceFile, module: ast.expr, name: str, kind: ast.expr) -> bool:
    is_it = isinstance(module, ast.Name) and module.id == name
    return is_it and file.qualified(kind) == _LAYER


def _thinks_of_others(file: SourceFile, statement: ast.stmt) -> bool:
    """Whether the function names other dropout as well."""
    scope = file.function_of(statement) or file.tree
    nodes = list(walk(scope))
    named = {x.attr for x in nodes if isinstance(x, ast.Attribute)}
    named |= {x.id for x in nodes if isinstance(x, ast.Name)}
    tested = [x for x in nodes if isinstance(x, ast.Call) and _is_isinstance(x)]
    kinds = {getattr(y, "attr", getattr(y, "id", "")) for x in tested for y in walk(x.args[1])}
    written = {x.attr for x in nodes if isinstance(x, ast.Attribute) and _is_written(x)}
    return bool(kinds.intersection((*_OTHERS, *_MORE)) or "dropout" in written)


def _is_isinstance(call: ast.Call) -> bool:
    named = isinstance(call.func, ast.Name) and call.func.id == "isinstance"
    return named and len(call.args) == 2


def _is_written(node: ast.Attribute) -> bool:
    return isinstance(node.ctx, ast.Store)


def _severity(file: SourceFile, statement: ast.stmt) -> Severity | None:
    """By what the model is made of, where that is seen; `None` if there is nothing else."""
    loop = next((x for x in file.ancestors(statement) if isinstance(x, ast.For)), None)
    model = _walked(loop.iter) if loop else None
    if model is None:
        return "advice"
    layers = _parts(file, model, file.function_of(statement))
    if any(carries_a_rate(layer) for layer in layers):
        return "warning"
    return None if layers and all(layer.kind is not None for layer in layers) else "advice"


def _walked(source: ast.expr) -> ast.expr | None:
    """The model whose modules a loop goes through."""
    if isinstance(source, ast.Call) and isinstance(source.func, ast.Attribute):
        return source.func.value if source.func.attr in _LISTS else None
    return None


def _parts(file: SourceFile, model: ast.expr, function: Function | None) -> list[Layer]:
    owner: ClassInfo | None = class_of(file, model)
    mine = self_name(function) if owner is not None and function is not None else None
    if owner is not None and isinstance(model, ast.Name) and model.id == mine:
        return [x for held in owner.holds() for x in layers_of(held.file, held.value)]
    return layers_of(file, model)


RULE = Rule(
    id="DRP312",
    name="dropout-partly-disabled",
    severity="warning",
    why="Attention and recurrent layers keep their rate as a number, which this does not reach.",
    advice="Use `torchdrop.surgery.set_p_(model, 0.0)`, which reaches all of it.",
    page=__doc__,
    check=_check,
)
