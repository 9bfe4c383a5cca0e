"""Two dropouts come in a row.

## What

A dropout layer acts directly on the result of another one of the same kind.

## Why

Both have to keep a unit, so it is dropped with probability 1 - (1 - p)(1 - q): twice 0.6 is 0.84.
That is seldom what was meant.

## Example

```python
net = nn.Sequential(nn.ReLU(), nn.Dropout(0.6), nn.Dropout(0.6), nn.Linear(16, 4))
```

## Instead

```python
net = nn.Sequential(nn.ReLU(), nn.Dropout(0.6), nn.Linear(16, 4))
```

## Known problems

Dropout of units behind dropout of channels is two kinds of noise, and no finding. Where one of the
two is a function, or both are the same layer, it is advice.

## References

TimDettmers/ConvE#19; IBM/pytorch-seq2seq#79.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._rule import Found, Rule
from ..source import Layer, SourceFile, pairs


def _check(file: SourceFile) -> Iterator[Found]:
    seen: set[ast.AST] = set()
    for first, second in pairs(file):
        same = first.is_dropout and second.is_dropout and first.kind == second.kind
        if same and first.node is not second.node and second.node not in seen:
            seen.add(second.node)
            is_clear = first.call is not second.call and _is_built(first) and _is_built(second)
            message = f"`{second.kind}` acts on what was just dropped{_sum(first, second)}."
            yield Found(second.node, message, severity=None if is_clear else "advice")


def _is_built(layer: Layer) -> bool:
    """Whether it is part of a `Sequential`, or an attribute of a module."""
    if layer.node is layer.call:
        return not layer.is_function
    called = layer.node.func if isinstance(layer.node, ast.Call) else layer.node
    return isinstance(called, ast.Attribute)


def _sum(first: Layer, second: Layer) -> str:
    p, q = first.rate(), second.rate()
    if p is None or q is None:
        return ""
    return f": together they drop with probability {1 - (1 - p) * (1 - q):.2g}"


RULE = Rule(
    id="DRP308",
    name="dropout-twice",
    severity="warning",
    why="A unit has to be kept by both, so more is dropped than either rate says.",
    advice="Keep one of the two.",
    page=__doc__,
    check=_check,
)
