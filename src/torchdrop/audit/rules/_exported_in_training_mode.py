"""A model is exported in training mode.

## What

`torch.export.export`, `torch.jit.trace` or `torch.onnx.export` gets a model that has dropout or
batch norm and that is in training mode there.

## Why

What they make keeps the mode of that moment: `eval()` on a trace has no effect, and the exported
program drops for ever.

## Example

```python
net = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
program = torch.export.export(net, (torch.ones(1, 4),))
```

## Instead

```python
net = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
net.eval()
program = torch.export.export(net, (torch.ones(1, 4),))
```

## Known problems

It is reported only where the model is made or switched in the same function. An export that shall
be trained on is right so: say that it is on purpose in a comment. `torch.onnx.export` without
`dynamo=True` is advice, since its old exporter calls `eval()` itself; so is `symbolic_trace`,
which keeps dropout layers, but not `F.dropout`.

## References

pytorch/pytorch#103681, #151726, #71929 and #68190.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._finding import Severity
from .._rule import Found, Rule
from ..source import (
    EXPORTS,
    Forward,
    SourceFile,
    argument,
    flows,
    is_meant,
    is_sensitive,
    is_unit_test,
    shows_sensitive,
)


def _check(file: SourceFile) -> Iterator[Found]:
    for flow in flows(file):
        for export in flow.exports:
            modes = {setting.mode for setting in export.modes}
            if not modes or not modes <= {"train", "fresh"} or is_meant(file, export.node):
                continue
            if _drops(file, export) and not is_unit_test(file, flow.node):
                message = f"`{export.name}` is exported in training mode, and keeps it."
                yield Found(export.node, message, severity=_severity(file, export.node))


def _drops(file: SourceFile, export: Forward) -> bool:
    callee = file.callee(export.node)
    model = argument(export.node, EXPORTS[callee.name], 0, callee).value if callee else None
    known = is_sensitive(file, model) if model is not None else None
    if known is not None:
        return known
    return shows_sensitive(file) and {setting.mode for setting in export.modes} == {"train"}


def _severity(file: SourceFile, call: ast.Call) -> Severity | None:
    callee = file.callee(call)
    if callee is not None and callee.name == "torch.onnx.export":
        dynamo = argument(call, "dynamo", None, callee).value
        is_new = isinstance(dynamo, ast.Constant) and dynamo.value is True
        return None if is_new else "advice"
    return "advice" if callee is not None and callee.name.startswith("torch.fx.") else None


RULE = Rule(
    id="DRP207",
    name="exported-in-training-mode",
    severity="warning",
    why="What is exported keeps the mode: it drops for ever, and `eval()` has no effect on it.",
    advice="Call `eval()` before exporting.",
    page=__doc__,
    check=_check,
)
