"""`eval` is named, not called.

## What

`model.eval` or `model.train` stands alone in a line, without parentheses.

## Why

The line does nothing at all, and the mode stays what it was.

## Example

```python
def predict(model, x):
    model.load_state_dict(torch.load("weights.pt"))
    model.eval
    return model(x)
```

## Instead

```python
def predict(model, x):
    model.load_state_dict(torch.load("weights.pt"))
    model.eval()
    return model(x)
```

## Known problems

It has to be seen that the object is a model: by its class, its annotation, or what else is called
on it.

## References

Python's `ast.Expr`; ruff's B018 finds useless attributes in general.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._finding import Edit, Fix
from .._rule import Found, Rule
from ..source import SourceFile, is_model


def _check(file: SourceFile) -> Iterator[Found]:
    for statement in file.nodes(ast.Expr):
        named = statement.value
        if not isinstance(named, ast.Attribute) or named.attr not in ("eval", "train"):
            continue
        if is_model(file, named.value):
            text, end = file.segment(named), file.span(named)[1]
            fix = Fix(f"Write `{text}()`.", (Edit(end, end, "()"),))
            yield Found(named, f"`{text}` is named here, but not called.", fix)


RULE = Rule(
    id="DRP202",
    name="eval-not-called",
    severity="error",
    why="The line does nothing: the mode stays what it was.",
    advice="Add the parentheses.",
    page=__doc__,
    check=_check,
)
