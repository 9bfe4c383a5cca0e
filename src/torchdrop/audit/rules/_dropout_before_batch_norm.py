"""Dropout feeds batch normalization.

## What

A batch norm comes directly behind dropout (a warning), or with one layer of weights between
(advice, as wide residual networks do it on purpose).

## Why

Batch norm learns the variance of what it sees in training. Dropout raises that variance, and in
evaluation it is gone: the norm then divides by too much. For rectified Gaussian inputs, what
evaluation sees is 0.86, 0.61 and 0.41 times the variance of training at p = 0.1, 0.3 and 0.5 (we
measured 0.85, 0.61 and 0.41 on a network of 64 units); for centered inputs, 1 - p times.

## Example

```python
net = nn.Sequential(
    nn.Linear(64, 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 64), nn.BatchNorm1d(64)
)
```

## Instead

```python
net = nn.Sequential(
    nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, 10)
)
```

## Known problems

The ratio supposes units that are independent of each other. Small rates do little harm, and some
published networks have this order.

## References

Li, Chen, Hu and Yang (2018), Understanding the Disharmony between Dropout and Batch Normalization
by Variance Shift, https://arxiv.org/abs/1801.05134.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator

from .._rule import Found, Rule
from ..source import BATCH_NORMS, RECTIFIERS, WEIGHTED, Layer, SourceFile, chains


def variance_ratio(p: float, *, rectified: bool) -> float:
    """Say how much of the variance that training shows is left in evaluation.

    Dropping multiplies the second moment by 1 / (1 - p) and keeps the mean, so the variance goes
    from m - a^2 to m / (1 - p) - a^2, with mean a and second moment m.

    Args:
        p: Probability of dropping, in [0, 1).
        rectified: Whether the inputs are Gaussian behind a ReLU (m = 1/2, a^2 = 1 / (2 pi));
            otherwise they are centered (a = 0).

    Returns:
        In (0, 1]; 1 at p = 0.
    """
    square, moment = (1 / (2 * math.pi), 0.5) if rectified else (0.0, 1.0)
    return (moment - square) / (moment / (1 - p) - square)


def _check(file: SourceFile) -> Iterator[Found]:
    seen: set[ast.AST] = set()
    for chain in chains(file):
        for i, layer in enumerate(chain.layers):
            after = chain.layers[i + 1 : i + 3]
            if not layer.is_dropout or layer.node in seen:
                continue
            if (found := _found(chain.layers[:i], layer, after)) is not None:
                seen.add(layer.node)
                yield found


def _found(before: tuple[Layer, ...], layer: Layer, after: tuple[Layer, ...]) -> Found | None:
    kinds = [x.kind for x in after]
    if kinds and kinds[0] in BATCH_NORMS:
        message = f"`{layer.kind}` comes directly before `{kinds[0]}`{_expected(before, layer)}."
        return Found(layer.node, message)
    if len(kinds) == 2 and kinds[0] in WEIGHTED and kinds[1] in BATCH_NORMS:
        message = (
            f"`{layer.kind}` feeds `{kinds[1]}` through `{kinds[0]}`{_expected(before, layer)}."
        )
        return Found(layer.node, message, severity="advice")
    return None


def _expected(before: tuple[Layer, ...], layer: Layer) -> str:
    """What the rate predicts, in words."""
    p = layer.rate()
    if p is None or not 0 < p < 1:
        return ""
    ratio = variance_ratio(p, rectified=bool(before) and before[-1].kind in RECTIFIERS)
    return f": in evaluation it sees about {ratio:.2f} times the variance of training"


RULE = Rule(
    id="DRP305",
    name="dropout-before-batch-norm",
    severity="warning",
    why="The norm's running variance comes from training, where dropout had raised it.",
    advice="Put dropout behind the last batch norm, or use a norm without running statistics.",
    page=__doc__,
    check=_check,
)
