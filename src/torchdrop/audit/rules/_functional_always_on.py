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

Outside of a module's methods nobody sees the mode: it is a warning only, and silent in tests.
Silent too where a test of the mode stands around the call, or around every caller in the same file;
a caller in another file is not seen. Noise at inference can be wanted: write `training=True`, or
silence the line.

## References

pytorch/pytorch#26338 asks for a warning in torch's documentation.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._edits import pass_training
from .._finding import Severity
from .._rule import Found, Rule
from ..source import (
    FUNCTIONS,
    SourceFile,
    argument,
    in_module,
    in_test,
    rate_kind,
    reached_by_mode,
)

_NAMES = tuple(name for name, is_on in FUNCTIONS.items() if is_on)


def _check(file: SourceFile) -> Iterator[Found]:
    for call, callee in file.calls(*_NAMES):
        # `torch.dropout` calls its flag `train`, and has no default for it.
        flags = (argument(call, name, 2, callee) for name in ("training", "train"))
        if not all(flag.is_missing for flag in flags) or reached_by_mode(file, call):
            continue
        rate = argument(call, "p", 1, callee).value
        if rate is not None and rate_kind(file, rate) in ("tied", "zero"):
            continue
        inside = in_module(file, call)
        if not inside and in_test(file, call):
            continue
        name = callee.name.rpartition(".")[2]
        severity: Severity = "error" if inside else "warning"
        message = f"`{name}` is called without `training=`, so it drops in evaluation too."
        yield Found(call, message, pass_training(file, call) if inside else None, severity)


RULE = Rule(
    id="DRP101",
    name="functional-dropout-always-on",
    severity="error",
    why="Functional dropout does not know the module's mode: `eval()` does not switch it off.",
    advice="Pass `training=self.training`, or use a `torch.nn.Dropout` layer.",
    page=__doc__,
    check=_check,
)
