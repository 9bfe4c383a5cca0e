"""Alpha dropout without SELU.

## What

`AlphaDropout` comes directly behind another activation than SELU; or plain dropout behind SELU,
which is advice.

## Why

Alpha dropout sets units to SELU's lowest value, about -1.758, and then shifts and scales so that
mean 0 and variance 1 stay: true only behind SELU. Behind a rectifier it puts negative values where
there are none. Plain dropout in turn breaks the normalization that SELU is chosen for.

## Example

```python
net = nn.Sequential(nn.Linear(8, 8), nn.ReLU(), nn.AlphaDropout(0.3))
```

## Instead

```python
net = nn.Sequential(nn.Linear(8, 8), nn.SELU(), nn.AlphaDropout(0.3))
```

## Known problems

An activation that is not torch's, or comes from a variable, is not judged.

## References

Klambauer, Unterthiner, Mayr and Hochreiter (2017), Self-Normalizing Neural Networks,
https://arxiv.org/abs/1706.02515.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._finding import Fix
from .._rule import Found, Rule
from ..source import ACTIVATIONS, SourceFile, pairs

_ALPHA = ("AlphaDropout", "FeatureAlphaDropout")


def _check(file: SourceFile) -> Iterator[Found]:
    seen: set[ast.AST] = set()
    for before, layer in pairs(file):
        if not layer.is_dropout or layer.node in seen:
            continue
        if layer.kind in _ALPHA and before.kind in ACTIVATIONS - {"SELU"}:
            seen.add(layer.node)
            message = f"`{layer.kind}` comes behind `{before.kind}`, but it is made for SELU."
            yield Found(layer.node, message)
        elif layer.kind not in _ALPHA and before.kind == "SELU":
            seen.add(layer.node)
            message = f"`{layer.kind}` behind SELU changes the mean and variance that SELU keeps."
            yield Found(layer.node, message, Fix("Use `torch.nn.AlphaDropout`."), "advice")


RULE = Rule(
    id="DRP310",
    name="alpha-dropout-without-selu",
    severity="warning",
    why="Alpha dropout keeps mean and variance only behind SELU.",
    advice="Use `torch.nn.Dropout` here, or `torch.nn.SELU` before it.",
    page=__doc__,
    check=_check,
)
