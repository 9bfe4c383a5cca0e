"""The result of dropout is not used.

## What

A dropout that is not in place is called, and its result is thrown away, or given a name that
nobody reads.

## Why

Dropout returns a new tensor. The one that goes on is whole: the model trains without dropout.

## Example

```python
def __init__(self, p):
    super().__init__()
    self.drop = nn.Dropout(p)


def forward(self, x):
    self.drop(x)
    return self.last(x)
```

## Instead

```python
def __init__(self, p):
    super().__init__()
    self.drop = nn.Dropout(p)


def forward(self, x):
    x = self.drop(x)
    return self.last(x)
```

## Known problems

A result with a name that is not read is a warning, and looked for in modules only. In plain
functions a call by itself is a warning, where its input is read afterwards.

## References

clean-net#2; handson-ml#304.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._finding import Severity
from .._rule import Found, Rule
from ..source import Applied, Function, SourceFile, applied, in_module, in_test, walk
from ..source._reads import next_use, reads

_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def _check(file: SourceFile) -> Iterator[Found]:
    for one in applied(file):
        above, function = file.parent(one.call), file.function_of(one.call)
        if one.inplace is not False or function is None:
            continue
        if isinstance(above, ast.Expr):
            severity = _severity(file, one, above)
            if severity is not None:
                message = "The result is thrown away: what goes on is not dropped."
                yield Found(one.call, message, severity=severity)
        elif isinstance(above, (ast.Assign, ast.AnnAssign)) and in_module(file, one.call):
            name = _only_target(above)
            if name is not None and _is_dead(file, above, name, function):
                message = f"Nobody reads `{name}`, which is what dropout returns."
                yield Found(one.call, message, severity="warning")


def _severity(file: SourceFile, one: Applied, statement: ast.stmt) -> Severity | None:
    if in_module(file, one.call):
        return "error"
    name = one.input.id if isinstance(one.input, ast.Name) else None
    in_loop = isinstance(file.parent(statement), (ast.For, ast.While))  # somebody takes the time
    if name is None or in_loop or in_test(file, one.call):
        return None
    return "warning" if next_use(file, statement, name) == "read" else None


def _only_target(statement: ast.Assign | ast.AnnAssign) -> str | None:
    targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
    target = targets[0] if len(targets) == 1 else None
    return target.id if isinstance(target, ast.Name) and not target.id.startswith("_") else None


def _is_dead(file: SourceFile, statement: ast.stmt, name: str, function: Function) -> bool:
    seen = [binding.kind for binding in file.scope_of(statement).find(name)]
    nodes = list(walk(function))
    if any(isinstance(x, (ast.Global, ast.Nonlocal)) and name in x.names for x in nodes):
        return False
    if not any(isinstance(x, ast.Name) and x.id == name and _is_load(x) for x in nodes):
        return bool(seen) and not any(reads(file, function, name))
    nested = (x for x in nodes if x is not function and isinstance(x, _INNER))
    if any(True for inner in nested for _ in reads(file, inner, name)):
        return False
    return _is_straight(file, statement, name)


def _is_load(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Load)


def _is_straight(file: SourceFile, statement: ast.stmt, name: str) -> bool:
    """Whether it is overwritten in the same block, before anything reads it."""
    above = file.parent(statement)
    blocks = (getattr(above, field, None) for field in ("body", "orelse", "finalbody"))
    for block in blocks:
        if isinstance(block, list) and statement in block:
            for after in block[block.index(statement) + 1 :]:
                names = [x for x in walk(after) if isinstance(x, ast.Name) and x.id == name]
                if names:
                    simple = isinstance(after, (ast.Assign, ast.AnnAssign))
                    return simple and not any(_is_load(x) for x in names)
    return False


RULE = Rule(
    id="DRP110",
    name="dropout-result-unused",
    severity="error",
    why="Dropout returns a new tensor: the model trains without it.",
    advice="Use what dropout returns: `x = self.dropout(x)`.",
    page=__doc__,
    check=_check,
)
