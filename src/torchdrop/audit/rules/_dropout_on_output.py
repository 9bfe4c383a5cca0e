"""The output of a model is dropped.

## What

Dropout comes behind the last layer of weights: its result goes into a loss, or is a single number.

## Why

In training, predictions are set to 0 or multiplied by 1 / (1 - p), whatever the model says. The
loss then has a part that no weight can lower.

## Example

```python
head = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 1), nn.Dropout(0.2))
```

## Instead

```python
head = nn.Sequential(nn.Linear(32, 32), nn.ReLU(), nn.Dropout(0.2), nn.Linear(32, 1))
```

## Known problems

A block may well end in dropout, so source is judged only where the result is seen to go into one
of torch's losses, or where a `Sequential` ends in one unit that is dropped. In a model, the
layer's result is seen to leave the model.

## References

In regression, dropout before the last layer is the usual place (Gal and Ghahramani 2016).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._rule import Found, Rule
from ..source import WEIGHTED, Chain, Layer, SourceFile, chains, number


def _check(file: SourceFile) -> Iterator[Found]:
    seen: set[ast.AST] = set()
    inner = _inner(file)
    for chain in chains(file):
        if len(chain.layers) < 2:
            continue
        before, last = chain.layers[-2:]
        if not last.is_dropout or before.kind not in WEIGHTED or last.node in seen:
            continue
        if chain.end == "loss":
            message = f"The output of `{before.kind}` is dropped on its way into the loss."
        elif _is_whole(chain, inner) and _is_single(before):
            message = "The single output of this sequence is dropped."
        else:
            continue
        seen.add(last.node)
        yield Found(last.node, message)


def _inner(file: SourceFile) -> set[ast.AST]:
    """Layers behind which another sequence goes on."""
    return {layer.node for chain in chains(file) for layer in chain.layers[:-1]}


def _is_whole(chain: Chain, inner: set[ast.AST]) -> bool:
    return chain.end == "sequential" and chain.layers[-1].node not in inner


def _is_single(layer: Layer) -> bool:
    given = layer.argument("out_features", 1)
    is_linear = layer.kind == "Linear" and not layer.is_function and given.value is not None
    return is_linear and given.value is not None and number(layer.file, given.value) == 1.0


RULE = Rule(
    id="DRP306",
    name="dropout-on-output",
    severity="warning",
    why="Predictions are set to 0 in training, whatever the weights are.",
    advice="Put dropout before the last layer.",
    page=__doc__,
    check=_check,
)
