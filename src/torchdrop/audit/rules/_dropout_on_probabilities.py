"""Probabilities are dropped.

## What

Dropout comes behind a softmax or a sigmoid that is the output of a model. Behind a logarithm of
probabilities, or on the way into a loss, it is an error.

## Why

The probabilities of a row no longer add up to 1. A dropped log-probability is 0: the class is
certain.

## Example

```python
classifier = nn.Sequential(nn.Linear(32, 5), nn.Softmax(dim=-1), nn.Dropout(0.5))
```

## Instead

```python
classifier = nn.Sequential(nn.Dropout(0.5), nn.Linear(32, 5), nn.Softmax(dim=-1))
```

## Known problems

Dropout on the weights of an attention is usual, and no finding: a softmax counts only where a layer
with more than one output feeds it directly and nothing comes behind the dropout.

## References

pytorch/pytorch#42929 asks about the attention.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._finding import Severity
from .._rule import Found, Rule
from ..source import PROBABILITIES, WEIGHTED, Chain, Layer, SourceFile, chains, number, pairs

_ENDS = PROBABILITIES | {"Sigmoid"}


def _check(file: SourceFile) -> Iterator[Found]:
    seen: set[ast.AST] = set()
    for found in (*_logarithms(file), *_ends(file)):
        if found.node not in seen:
            seen.add(found.node)
            yield found


def _logarithms(file: SourceFile) -> Iterator[Found]:
    for first, second in pairs(file):
        if first.kind in ("LogSoftmax", "LogSigmoid") and second.is_dropout:
            message = f"`{second.kind}` sets log-probabilities to 0: the class is certain then."
            yield Found(second.node, message, severity="error")


def _ends(file: SourceFile) -> Iterator[Found]:
    inner = {layer.node for chain in chains(file) for layer in chain.layers[:-1]}
    # What goes into a loss first: it is the graver finding of a layer.
    for chain in sorted(chains(file), key=lambda x: x.end != "loss"):
        severity = _severity(chain)
        if severity is None or len(chain.layers) < 2 or chain.layers[-1].node in inner:
            continue
        before, last = chain.layers[-2:]
        if last.is_dropout and before.kind in _ENDS:
            message = f"`{last.kind}` acts on the probabilities that `{before.kind}` gives."
            yield Found(last.node, message, severity=severity)


def _severity(chain: Chain) -> Severity | None:
    if chain.end == "loss":
        return "error"
    is_end = chain.end == "sequential" or (
        chain.end == "return" and chain.function is not None and chain.function.name == "forward"
    )
    return "warning" if is_end and len(chain.layers) > 2 and _is_classes(chain) else None


def _is_classes(chain: Chain) -> bool:
    """Whether a layer with several outputs feeds a softmax directly."""
    producer, activation, _ = chain.layers[-3:]
    return activation.kind in PROBABILITIES and producer.kind in WEIGHTED and _is_wide(producer)


def _is_wide(layer: Layer) -> bool:
    given = layer.argument("out_features", 1)
    return given.value is not None and number(layer.file, given.value) != 1.0


RULE = Rule(
    id="DRP307",
    name="dropout-on-probabilities",
    severity="warning",
    why="The probabilities of a row no longer add up to 1.",
    advice="Put dropout before the last layer of weights.",
    page=__doc__,
    check=_check,
)
