"""Dropout comes before an activation that is no straight line.

## What

A smooth activation (GELU, SiLU, sigmoid, tanh, softmax, and others), or a maximum over neighbors,
comes directly behind dropout.

## Why

Dropout keeps the mean of what it acts on; behind a curved function that mean is another one. A
dropped unit gives what the function makes of 0 (a sigmoid: 1/2), and the factor 1 / (1 - p) pushes
the others along the curve, so that evaluation sees other values than training.

## Example

```python
net = nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.1), nn.GELU(), nn.Linear(8, 2))
```

## Instead

```python
net = nn.Sequential(nn.Linear(8, 8), nn.GELU(), nn.Dropout(0.1), nn.Linear(8, 2))
```

## Known problems

ReLU, LeakyReLU and PReLU commute with dropout and are no finding, nor is a mean over neighbors, nor
the dropout of whole channels before a maximum. Some published models have this order.

## References

Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), where dropout acts on the
outputs of units, https://jmlr.org/papers/v15/srivastava14a.html.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._rule import Found, Rule
from ..source import (
    CHANNEL_DROPOUTS,
    MAX_POOLS,
    PROBABILITIES,
    SMOOTH,
    Layer,
    SourceFile,
    pairs,
)

_CURVED = SMOOTH | PROBABILITIES


def _check(file: SourceFile) -> Iterator[Found]:
    seen: set[ast.AST] = set()
    for layer, after in pairs(file):
        if layer.is_dropout and layer.node not in seen and _bends(layer, after):
            seen.add(layer.node)
            message = f"`{layer.kind}` comes before `{after.kind}`: behind it the mean is not kept."
            yield Found(layer.node, message)


def _bends(layer: Layer, after: Layer) -> bool:
    if after.kind in MAX_POOLS:
        return layer.kind not in CHANNEL_DROPOUTS
    return after.kind in _CURVED


RULE = Rule(
    id="DRP313",
    name="dropout-before-activation",
    severity="advice",
    why="Dropout keeps the mean of its own result, not of what a curved function makes of it.",
    advice="Put dropout behind the activation, or behind the pooling.",
    page=__doc__,
    check=_check,
)
