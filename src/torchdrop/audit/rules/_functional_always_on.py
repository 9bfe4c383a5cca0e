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

Outside of a module's methods nobody sees the mode: it is a warning only, advice where
only callers can give a rate and in classes of other kinds, and silent in tests.
Silent too where a test of the mode stands around the call, or around every caller in the same file;
a caller in another file is not seen. Noise at inference can be wanted: a comment that says
"always on", "on purpose" or the like is enough.

## References

pytorch/pytorch#26338 asks for a warning in torch's documentation.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._edits import pass_training
from .._finding import Severity
from .._rule import Found, Rule
from ..source import (
    FUNCTIONS,
    SourceFile,
    argument,
    constant_of,
    in_module,
    in_test,
    rate_kind,
    reached_by_mode,
)
from ..source._intent import is_always_on

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
        if (not inside and in_test(file, call)) or is_always_on(file, call):
            continue
        name = callee.name.rpartition(".")[2]
        severity = (_inside if inside else _outside)(file, call, rate)
        message = f"`{name}` is called without `training=`, so it drops in evaluation too."
        yield Found(call, message, pass_training(file, call) if inside else None, severity)


def _inside(file: SourceFile, _: ast.Call, rate: ast.expr | None) -> Severity:
    """A warning where callers give the rate, which may be 0 in evaluation."""
    return "warning" if rate and _is_asked_for(file, rate) else "error"


def _outside(file: SourceFile, call: ast.Call, rate: ast.expr | None) -> Severity:
    """Advice where others may know the mode: who owns a hook, or gives a rate."""
    others_know = file.class_of(call) is not None
    return "advice" if others_know or (rate and _is_asked_for(file, rate)) else "warning"


def _is_asked_for(file: SourceFile, rate: ast.expr) -> bool:
    """Whether a caller that says nothing gets no dropout: it has no default, or that of 0."""
    value = file.value_of(rate)
    bound = file.bindings(value) if isinstance(value, ast.Name) else []
    if len(bound) != 1 or bound[0].kind != "parameter":
        return False
    return bound[0].value is None or constant_of(file, bound[0].value) == 0


RULE = Rule(
    id="DRP101",
    name="functional-dropout-always-on",
    severity="error",
    why="Functional dropout does not know the module's mode: `eval()` does not switch it off.",
    advice="Pass `training=self.training`, or use a `torch.nn.Dropout` layer.",
    page=__doc__,
    check=_check,
)
