"""The names of weights depend on the rate.

## What

A dropout is put into the list of a `Sequential` only if its rate is not 0, and layers with weights
come behind it.

## Why

A `Sequential` numbers its layers. Without the dropout, everything behind it moves up by one, and
with it the keys of `state_dict()`: a checkpoint saved at one rate does not load at 0, and with
`strict=False` those weights silently stay as they were initialized.

## Example

```python
def head(width, p):
    layers = [nn.Dropout(p)] if p else []
    layers.append(nn.Linear(width, 1))
    return nn.Sequential(*layers)
```

## Instead

```python
def head(width, p):
    return nn.Sequential(nn.Dropout(p), nn.Linear(width, 1))
```

## Known problems

Harmless where the rate never changes in the life of a checkpoint. Published checkpoints can make
the mistake impossible to mend.

## References

`torch.nn.Dropout(0.0)` costs nothing: it returns its input. richzhang/PerceptualSimilarity#143.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._rule import Found, Rule
from ..source import PARAMETRIC, Layer, SourceFile, sequentials, walk


def _check(file: SourceFile) -> Iterator[Found]:
    seen: set[ast.AST] = set()
    for _, layers in sequentials(file):
        for i, layer in enumerate(layers):
            behind = any(after.kind in PARAMETRIC for after in layers[i + 1 :])
            if layer.node in seen or not layer.is_dropout or not behind:
                continue
            if layer.test is not None and _tests_rate(layer):
                seen.add(layer.node)
                message = "Without this dropout, the numbers of the layers behind it change."
                yield Found(layer.node, message)


def _tests_rate(layer: Layer) -> bool:
    """Whether the rate itself decides."""
    given = layer.argument("p", 0).value
    if given is None or layer.test is None:
        return False
    rate = ast.dump(given)
    return any(ast.dump(node) == rate for node in walk(layer.test))


RULE = Rule(
    id="DRP311",
    name="rate-changes-names",
    severity="advice",
    why="A checkpoint saved at one rate does not fit a model that is built at rate 0.",
    advice="Always put the dropout in: at p = 0 it returns its input.",
    page=__doc__,
    check=_check,
)
