"""Functional dropout is always on.

## What

`torch.nn.functional.dropout`, or one of its channel-wise kin, is called without `training=`.

## Why

The functions do not know the module's mode. Their default is `training=True`, so `model.eval()`
does not switch them off: predictions are random, and validation is measured with dropout on.

## Example

```python
def forward(self, x):
    x = F.dropout(x, p=0.3)
    return self.last(x)
```

## Instead

```python
def forward(self, x):
    x = F.dropout(x, p=0.3, training=self.training)
    return self.last(x)
```

## Known problems

Where no `if self.training:` is seen around the call but the caller tests the mode, the finding is
false; outside of a module's methods it is a warning only. Noise at inference can be wanted: write
`training=True`, or silence the line.

## References

pytorch/pytorch#26338 asks for a warning in torch's documentation.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._finding import Edit, Fix, Severity
from .._rule import Found, Rule
from ..source import SourceFile, argument, class_of, guarded, self_name

_NAMES = {
    f"torch.nn.functional.{name}": 2 for name in ("dropout", "dropout1d", "dropout2d", "dropout3d")
}


def _check(file: SourceFile) -> Iterator[Found]:
    for call, callee in file.calls(*_NAMES):
        if not argument(call, "training", _NAMES[callee.name], callee).is_missing:
            continue
        if guarded(file, call):
            continue
        name = callee.name.rpartition(".")[2]
        owner = class_of(file, call)
        inside = owner is not None and owner.is_module() is not False
        severity: Severity = "error" if inside else "warning"
        message = f"`{name}` is called without `training=`, so it drops in evaluation too."
        yield Found(call, message, _fix(file, call) if inside else None, severity)


def _fix(file: SourceFile, call: ast.Call) -> Fix | None:
    function = file.function_of(call)
    name = self_name(function) if function else None
    if function is None or name is None or not isinstance(file.parent(function), ast.ClassDef):
        return None
    _, end = file.span(call)
    before = file.text[file.span(call)[0] : end - 1].rstrip()
    comma = "" if before.endswith((",", "(")) else ","
    space = "" if before.endswith("(") else " "
    at = file.span(call)[0] + len(before)
    edit = Edit(at, at, f"{comma}{space}training={name}.training")
    return Fix(f"Pass `training={name}.training`.", (edit,))


RULE = Rule(
    id="DRP101",
    name="functional-dropout-always-on",
    severity="error",
    why="Functional dropout does not know the module's mode: `eval()` does not switch it off.",
    advice="Pass `training=self.training`, or use a `torch.nn.Dropout` layer.",
    page=__doc__,
    check=_check,
)
