"""In-place dropout overwrites what is still needed.

## What

Dropout in place, on a tensor that is read again under its own name; or directly after an
activation that keeps its result for backward: ReLU, Sigmoid, Tanh, Softmax.

## Why

In place, input and result are one tensor. A residual that is added afterwards has been dropped and
scaled too, and nothing says so. After such an activation, backward raises a `RuntimeError`.

## Example

```python
def forward(self, x):
    h = self.norm(x)
    y = F.dropout(h, self.p, self.training, inplace=True)
    return h + self.last(y)
```

## Instead

```python
def forward(self, x):
    h = self.norm(x)
    y = F.dropout(h, self.p, self.training)
    return h + self.last(y)
```

## Known problems

Views and second names of the tensor are not followed.

## References

pytorch/vision#7174; pytorch/pytorch#72992; which activations raise was tried with torch 2.13.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._rule import Found, Rule
from ..source import SourceFile, applied, argument, constant_of, in_module, in_test
from ..source._chains import pairs
from ..source._layers import Layer
from ..source._reads import next_use, reads

_KEEPS_RESULT = ("ReLU", "Sigmoid", "Tanh", "Softmax", "LogSoftmax")


def _check(file: SourceFile) -> Iterator[Found]:
    for one in applied(file):
        if one.inplace and isinstance(one.input, ast.Name) and not _is_test(file, one.call):
            name = one.input.id
            if _is_read_again(file, one.call, one.input):
                message = f"`{name}` is read again, and dropout in place has overwritten it."
                yield Found(one.call, message)
    for first, second in pairs(file):
        overwrites = second.is_dropout and _is_inplace(second) and not _is_test(file, second.node)
        if first.kind in _KEEPS_RESULT and overwrites:
            message = f"{first.kind} needs its result in backward, and dropout overwrites it."
            yield Found(second.node, message)


def _is_test(file: SourceFile, node: ast.AST) -> bool:
    return in_test(file, node) and not in_module(file, node)


def _is_read_again(file: SourceFile, call: ast.Call, given: ast.Name) -> bool:
    statement = file.statement_of(call)
    if isinstance(statement, ast.Expr) and statement.value is call:
        return False  # in place on purpose: the name goes on
    for other in reads(file, statement, given.id):
        if other is not given and _sees_result(file, other, call):
            return True
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    if any(isinstance(x, ast.Name) and x.id == given.id for x in targets):
        return False
    if isinstance(statement, (ast.Return, ast.Raise)):
        return False
    return next_use(file, statement, given.id) == "read"


def _sees_result(file: SourceFile, other: ast.Name, call: ast.Call) -> bool:
    """Whether another use in the same statement is evaluated later, or is the tensor in a sum."""
    if call in file.ancestors(other):
        return False
    after = (other.lineno, other.col_offset) > (call.lineno, call.col_offset)
    return after or isinstance(file.parent(other), ast.BinOp)


def _is_inplace(layer: Layer) -> bool:
    if layer.call is None:
        return False
    callee = layer.file.callee(layer.call)
    value = argument(layer.call, "inplace", 3 if layer.is_function else 1, callee).value
    return value is not None and constant_of(layer.file, value) is True


RULE = Rule(
    id="DRP111",
    name="inplace-dropout-corrupts",
    severity="error",
    why="In place, input and result are one tensor: whoever reads the input gets the result.",
    advice="Leave `inplace` out.",
    page=__doc__,
    check=_check,
)
