"""A ratio of probabilities has dropout's noise in it.

## What

`exp(new - old)` of log probabilities that one model gave in two runs, of which at least one had
dropout on.

## Why

PPO, GRPO and their like take the ratio for a measure of how far the policy has moved. With
dropout it is not 1 even before the first step, so updates are clipped by chance.

## Example

```python
policy = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.1), nn.LogSoftmax(-1))


def ratio(states):
    policy.eval()
    old = policy(states).detach()
    policy.train()
    new = policy(states)
    return (new - old).exp()
```

## Instead

```python
policy = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.1), nn.LogSoftmax(-1))


def ratio(states):
    policy.eval()
    old = policy(states).detach()
    new = policy(states)
    return (new - old).exp()
```

## Known problems

Both runs have to be seen in one function. Old values that come with the data are not judged.

## References

trl#3234 and #2042; a standard deviation of the ratio of 0.083 was measured at p = 0.1
before any step.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._rule import Found, Rule
from ..source import (
    Flow,
    Forward,
    SourceFile,
    flows,
    is_meant,
    is_sensitive_run,
    runs_in,
    shows_dropout,
)

_AWAKE = ({"train"}, {"fresh"}, {"train", "fresh"})


def _check(file: SourceFile) -> Iterator[Found]:
    found = list(_exponentials(file))
    if not found or not shows_dropout(file):
        return
    for flow in flows(file):
        for node, difference in found:
            if (file.function_of(node) or file.tree) is flow.node and not is_meant(file, node):
                yield from _judge(flow, node, difference)


def _judge(flow: Flow, node: ast.Call, difference: ast.BinOp) -> Iterator[Found]:
    left, right = runs_in(flow, difference.left), runs_in(flow, difference.right)
    if len(left) == len(right) == 1 and _is_noisy(flow.file, left[0], right[0]):
        name = left[0].name
        yield Found(node, f"Dropout of `{name}` is in this ratio: it is not 1 at first.")


def _exponentials(file: SourceFile) -> Iterator[tuple[ast.Call, ast.BinOp]]:
    """All `exp(a - b)` and `(a - b).exp()`."""
    for call in file.nodes(ast.Call):
        inner: ast.expr | None = None
        if file.qualified(call.func) == "torch.exp" and call.args:
            inner = call.args[0]
        elif isinstance(call.func, ast.Attribute) and call.func.attr == "exp" and not call.args:
            inner = call.func.value
        value = file.value_of(inner) if inner is not None else None
        if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Sub):
            yield call, value


def _is_noisy(file: SourceFile, left: Forward, right: Forward) -> bool:
    """Whether one model gave both, and dropout was on in at least one of them."""
    if left.key != right.key or left.node is right.node or left.parts or right.parts:
        return False
    modes = [{s.mode for s in run.modes} for run in (left, right)]
    known = all(m in (*_AWAKE, {"eval"}) for m in modes)
    return known and any(m in _AWAKE for m in modes) and is_sensitive_run(file, left) is not False


RULE = Rule(
    id="DRP215",
    name="log-probabilities-with-dropout",
    severity="warning",
    why="The ratio is not 1 before the first step, so updates are clipped by chance.",
    advice="Compute both in evaluation mode, or both with the same masks "
    "(`torchdrop.modes.same_masks`).",
    page=__doc__,
    check=_check,
)
