"""Evaluation mode is never left.

## What

`eval()` is called for an evaluation, here or inside a function, and training goes on without
`train()`: in the next turn of the loop, or right after.

## Why

From there on dropout is off, and batch norm uses and keeps its old statistics. Nothing fails: the
loss even falls faster, and the model overfits as if it had no dropout.

## Example

```python
def fit(model, loader, val_loader):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.train()
    for epoch in range(10):
        for x, y in loader:
            loss = F.mse_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        print(sum(F.mse_loss(model(x), y) for x, y in val_loader))
```

## Instead

```python
def fit(model, loader, val_loader):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for epoch in range(10):
        model.train()
        for x, y in loader:
            loss = F.mse_loss(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        model.eval()
        print(sum(F.mse_loss(model(x), y) for x, y in val_loader))
```

## Known problems

Functions are followed where the audited files show them; one that is imported from elsewhere and
given the model may call `train()`, so nothing is said then. Where `train()` is called on some ways
round the loop and not on others, and in tests, the finding is a warning.

## References

ethics#5, simpletransformers#941, pytorch-fcn#57 and lerobot#3668 had it. In simpletransformers
0.70.8 `conv_ai_model.py` still evaluates in the middle of an epoch, and sleeps to its end.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._finding import Severity
from .._rule import Found, Rule
from ..source import Asleep, SourceFile, asleep, flows, in_test


def _check(file: SourceFile) -> Iterator[Found]:
    for flow in flows(file):
        for one in asleep(flow):
            if one.kind == "left" and one.setting.node is not None and not one.is_shared:
                certain = one.is_certain and not in_test(file, one.setting.node)
                severity: Severity = "error" if certain else "warning"
                yield Found(one.setting.node, _message(one), severity=severity)


def _message(one: Asleep) -> str:
    name, via, line = one.forward.name, one.setting.via, one.forward.node.lineno
    who = f"`{via}` leaves `{name}`" if via else f"`{name}` is left"
    again = " again" if one.setting.carried is not None else ""
    return f"{who} in evaluation mode, and it learns{again} in line {line} without `train()`."


RULE = Rule(
    id="DRP203",
    name="train-not-restored",
    severity="error",
    why="Training goes on in evaluation mode: dropout is off and batch norm no longer learns.",
    advice="Call `train()` at the beginning of each epoch, or evaluate in "
    "`with torchdrop.modes.evaluating(model):`.",
    page=__doc__,
    check=_check,
)
