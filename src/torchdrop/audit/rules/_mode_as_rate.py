"""The mode is passed as the rate.

## What

`self.training` stands where dropout wants `p`: its second argument, not its third.

## Why

`True` is a rate of 1: in training every value becomes 0, and no gradient flows through. In
evaluation `False` is a rate of 0, so that predictions look reasonable.

## Example

```python
def forward(self, x):
    x = F.dropout(x, self.training)
    return self.last(x)
```

## Instead

```python
def forward(self, x):
    x = F.dropout(x, training=self.training)
    return self.last(x)
```

## Known problems

A parameter counts as a mode if it is called `training` or `is_training`.

## References

Four of ten public uses of the text `F.dropout(x, self.training)` that we looked at are this
mistake; the others call another library's function.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._finding import Edit, Fix
from .._rule import Found, Rule
from ..source import FUNCTIONS, Rate, SourceFile, argument, rates

_FLAGS = ("training", "is_training")


def _check(file: SourceFile) -> Iterator[Found]:
    for rate in rates(file):
        if _is_mode(file, rate.value):
            name = rate.callee.name.rpartition(".")[2]
            message = f"`{name}` is given the mode as its rate: in training it drops everything."
            yield Found(rate.call, message, _fix(file, rate))


def _is_mode(file: SourceFile, expression: ast.expr) -> bool:
    value = file.value_of(expression)
    if isinstance(value, ast.Attribute):
        return value.attr in _FLAGS
    if not isinstance(value, ast.Name) or value.id not in _FLAGS:
        return False
    bound = file.bindings(value)
    return len(bound) == 1 and bound[0].kind == "parameter"


def _fix(file: SourceFile, rate: Rate) -> Fix | None:
    """`training=` before the argument, if nothing else is said of the mode."""
    call, value = rate.call, rate.value
    if rate.callee.name not in FUNCTIONS or rate.callee.args or rate.callee.keywords:
        return None
    if not argument(call, "training", 2).is_missing:
        return None
    start = file.span(value)[0]
    keyword = next((x for x in call.keywords if x.value is value), None)
    if keyword is not None:
        edit = Edit(file.span(keyword)[0], file.span(keyword)[0] + len("p"), "training")
    elif value in call.args and file.text[:start].rstrip().endswith(","):
        edit = Edit(start, start, "training=")
    else:
        return None
    return Fix(f"Pass it as `training={file.segment(value)}`, and the rate as `p`.", (edit,))


RULE = Rule(
    id="DRP104",
    name="mode-as-rate",
    severity="error",
    why="True is a rate of 1: every value becomes 0 while the model trains.",
    advice="Pass the rate as `p`, and the mode as `training=self.training`.",
    page=__doc__,
    check=_check,
)
