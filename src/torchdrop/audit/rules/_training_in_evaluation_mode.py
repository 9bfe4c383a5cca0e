"""A model learns in evaluation mode.

## What

`eval()` is called, and then the model's own optimizer takes steps, with no `train()` between and
no evaluation that `eval()` could have been for.

## Why

Dropout is off while the model learns, so it does not regularize, and batch norm normalizes by
statistics that are never brought up to date.

## Example

```python
def fit(model, loader):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.eval()
    for x, y in loader:
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
```

## Instead

```python
def fit(model, loader):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    model.train()
    for x, y in loader:
        loss = F.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
```

## Known problems

Some fine-tune in evaluation mode on purpose. The rule is silent where a part is switched to
training, where the optimizer has other parameters, and where a comment at `eval()` says that it is
intended, or that something is frozen. A model from Hugging Face's `from_pretrained`, which returns
it in evaluation mode, is advice: many of them have no dropout to lose. So is a model that the same
function also wakes up elsewhere: its author knows of modes.

## References

pytorch-lightning#20105 and #20986 tell of models that came in evaluation mode and
were trained so.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._finding import Severity
from .._rule import Found, Rule
from ..source import Asleep, Flow, SourceFile, asleep, flows


def _check(file: SourceFile) -> Iterator[Found]:
    for flow in flows(file):
        for one in asleep(flow):
            if _is_run_twice(flow, one):
                continue  # two views of one input: `DRP214`
            if one.kind == "set" and one.setting.node is not None and not one.is_shared:
                sure = one.is_certain and one.setting.mode == "eval"
                severity: Severity | None = None if sure else "advice"
                yield Found(one.setting.node, _message(one), severity=severity)


def _is_run_twice(flow: Flow, one: Asleep) -> bool:
    """Whether the model learns from two runs that are written alike."""
    text = ast.dump(one.forward.node)
    alike = [x for x in flow.forwards if x.learns and ast.dump(x.node) == text]
    return len(alike) > 1


def _message(one: Asleep) -> str:
    name, line = one.forward.name, one.forward.node.lineno
    if one.setting.mode == "pretrained":
        return f"`from_pretrained` gives `{name}` in evaluation mode, and it learns in line {line}."
    return f"`{name}` is put into evaluation mode, and then it learns in line {line}."


RULE = Rule(
    id="DRP209",
    name="training-in-evaluation-mode",
    severity="warning",
    why="Dropout is off while the model learns, and batch norm's statistics stay as they are.",
    advice="Call `train()` before training; if evaluation mode is meant, say so in a comment.",
    page=__doc__,
    check=_check,
)
