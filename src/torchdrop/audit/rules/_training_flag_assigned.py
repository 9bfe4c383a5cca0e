"""The flag `training` is assigned by hand.

## What

`model.training = False`, where the model has layers inside.

## Why

Only the outermost module's flag changes. Dropout and batch norm look at their own, and stay as
they were.

## Example

```python
net = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
net.training = False
```

## Instead

```python
net = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
net.eval()
```

## Known problems

A model of which nothing is known but that it has parameters is a warning: it may be a single layer.
Assignments to each of `model.modules()` are right, and not reported.

## References

pytorch/pytorch#5908. In deepchem 2.8.0 `seqtoseq.py` switches its encoder so, for one run in each
forward: its dropout stays on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._finding import Severity
from .._rule import Found, Rule
from ..source import (
    SourceFile,
    class_made,
    identity,
    is_meant,
    is_model,
    makes_model,
    mode_call,
    self_name,
    text_of,
    value_held,
)

_CONTAINERS = ("Sequential", "ModuleDict", "ModuleList", "Transformer", "TransformerEncoder")


def _check(file: SourceFile) -> Iterator[Found]:
    for node, model in _assigned(file):
        if _is_self(file, model) or not is_model(file, model):
            continue
        if _is_switched_too(file, model) or is_meant(file, node):
            continue
        severity = _severity(file, model)
        if severity is not None:
            text = text_of(model)
            message = f"`{text}.training` is assigned: the layers in `{text}` keep their mode."
            yield Found(node, message, severity=severity)


def _is_self(file: SourceFile, model: ast.expr) -> bool:
    """Whether a method sets its own object's flag, as `train` or a setter of `training` does."""
    method = file.function_of(model)
    if method is None or not isinstance(file.parent(method), ast.ClassDef):
        return False
    if any(isinstance(x, ast.Attribute) and x.attr == "setter" for x in method.decorator_list):
        return method.name == "training"
    return text_of(model) == self_name(method)


def _assigned(file: SourceFile) -> Iterator[tuple[ast.AST, ast.expr]]:
    """Where a flag is set, and whose."""
    for node in file.nodes(ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Attribute) and target.attr == "training":
                yield node, target.value
    for call in file.nodes(ast.Call):
        if file.qualified(call.func) == "builtins.setattr" and len(call.args) == 3:
            name = call.args[1]
            if isinstance(name, ast.Constant) and name.value == "training":
                yield call, call.args[0]


def _is_switched_too(file: SourceFile, model: ast.expr) -> bool:
    """Whether the same function calls `train` or `eval` on it, too."""
    scope = file.function_of(model)
    return any(
        file.function_of(call) is scope and identity(file, found.receiver) == identity(file, model)
        for call in file.nodes(ast.Call)
        if (found := mode_call(call)) is not None
    )


def _severity(file: SourceFile, model: ast.expr) -> Severity | None:
    made = class_made(file, model)
    if made is not None:
        inside = any(makes_model(held.file, held.value) for held in made.holds())
        return "error" if inside else None
    value = value_held(file, model)
    if not isinstance(value, ast.Call):
        return "warning"
    name = (file.qualified(value.func) or "").rpartition(".")
    if name[0] == "torch.nn":
        return "error" if name[2] in _CONTAINERS and value.args else None
    return "warning"


RULE = Rule(
    id="DRP204",
    name="training-flag-assigned",
    severity="error",
    why="A flag is one module's own: dropout layers inside keep theirs.",
    advice="Call `eval()` or `train()`.",
    page=__doc__,
    check=_check,
)
