"""The whole model is put into training mode to sample.

## What

`model.train()`, and then several runs on one input without gradients, as Monte Carlo dropout does.

## Why

Batch norm wakes up together with dropout: it normalizes by the batch at hand and changes its
statistics with every run, so later predictions differ. And the mode stays.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.2))


def predict(model, x):
    model.train()
    with torch.no_grad():
        return torch.stack([model(x) for _ in range(30)])
```

## Instead

```python
from torchdrop.modes import sampling


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout(0.2))


def predict(model, x):
    with torch.no_grad(), sampling(model):
        return torch.stack([model(x) for _ in range(30)])
```

## Known problems

A model without batch norm is not harmed, but its mode still stays; where the files show no batch
norm, it is advice.

## References

lightning-uq-box#173; the draws of one input are told from a pass over data by whether the loop's
variable is in the call.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._finding import Severity
from .._rule import Found, Rule
from ..source import (
    Flow,
    Forward,
    SourceFile,
    flows,
    is_meant,
    is_sensitive_run,
    is_unit_test,
    shows_batch_norm,
    shows_dropout,
    shows_sensitive,
    walk,
)


def _check(file: SourceFile) -> Iterator[Found]:
    said: set[ast.AST] = set()
    for flow in flows(file):
        for forward in flow.forwards:
            if not _is_sample(flow, forward) or is_unit_test(file, flow.node):
                continue
            for node in (s.node for s in forward.modes if s.node is not None):
                if node not in said and not is_meant(file, node):
                    said.add(node)
                    yield Found(node, _message(forward), severity=_severity(file))


def _is_sample(flow: Flow, forward: Forward) -> bool:
    """Whether a run is one of several on one input, in a training mode that was just set."""
    if forward.gradient != "off" or {s.mode for s in forward.modes} != {"train"} or forward.parts:
        return False
    if any(x.learns and x.key == forward.key for x in flow.forwards):
        return False
    if not _is_repeated(flow.file, forward.node):
        return False
    known = is_sensitive_run(flow.file, forward)
    return known is True or (known is None and shows_sensitive(flow.file))


def _is_repeated(file: SourceFile, call: ast.Call) -> bool:
    """Whether the nearest loop around a call has nothing to do with what it is given."""
    for above in file.ancestors(call):
        if isinstance(above, (ast.ListComp, ast.GeneratorExp)):
            targets: list[ast.expr] = [g.target for g in above.generators]
        elif isinstance(above, ast.For):
            targets = [above.target]
        elif isinstance(above, (ast.FunctionDef, ast.AsyncFunctionDef, ast.While)):
            return False
        else:
            continue
        names = {x.id for target in targets for x in walk(target) if isinstance(x, ast.Name)}
        names |= {
            x.id for x in walk(above) if isinstance(x, ast.Name) and isinstance(x.ctx, ast.Store)
        }
        given = [*call.args, *(k.value for k in call.keywords)]
        used = {x.id for part in given for x in walk(part) if isinstance(x, ast.Name)}
        return bool(given) and not used & names
    return False


def _severity(file: SourceFile) -> Severity | None:
    return None if shows_batch_norm(file) or not shows_dropout(file) else "advice"


def _message(forward: Forward) -> str:
    line = forward.node.lineno
    return f"The whole `{forward.name}` is put into training mode to sample from it in line {line}."


RULE = Rule(
    id="DRP208",
    name="sampling-by-train",
    severity="warning",
    why="Batch norm wakes up together with dropout: it takes the batch's statistics and changes "
    "its own with every run.",
    advice="Sample in `with torchdrop.modes.sampling(model):`, which wakes dropout only.",
    page=__doc__,
    check=_check,
)
