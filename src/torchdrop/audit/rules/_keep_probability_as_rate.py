"""A probability of keeping is passed as the rate.

## What

Something whose name says that it is kept, such as `keep_prob`, stands where torch wants the
probability of dropping.

## Why

In TensorFlow 1 dropout was given what it keeps. Ported as it stands, a rate of 0.2 becomes 0.8:
training gets slow and weak, but nothing fails.

## Example

```python
def build(keep_prob=0.8):
    return nn.Sequential(nn.Linear(16, 16), nn.Dropout(keep_prob))
```

## Instead

```python
def build(keep_prob=0.8):
    return nn.Sequential(nn.Linear(16, 16), nn.Dropout(1 - keep_prob))
```

## Known problems

It goes by the name alone, where the value is not seen: hence a warning.

## References

kinetics_i3d_pytorch#6; piergiaj/pytorch-i3d#58.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .._finding import Edit, Fix
from .._rule import Found, Rule
from ..source import SourceFile, attribute_of_self, class_of, rates

_WORD = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+")
_KEEP = {"keep", "keeping", "kept", "retain", "retained", "retention"}
_PROBABILITY = {
    *("prob", "probs", "probability", "proba", "p", "pr", "rate", "ratio", "fraction", "frac"),
    *("prop", "proportion", "dropout", "q"),
}


def _check(file: SourceFile) -> Iterator[Found]:
    for rate in rates(file):
        named = rate.value
        name = _kept(file, named)
        if name is not None:
            message = f"`{name}` sounds like a probability of keeping, and this is one of dropping."
            yield Found(rate.call, message, _fix(file, named))


def _kept(file: SourceFile, expression: ast.expr, depth: int = 4) -> str | None:
    """The name that says keep, also through local names; `None` if a value says otherwise."""
    name = getattr(expression, "id", getattr(expression, "attr", None))
    values: list[ast.expr] = []
    if isinstance(expression, ast.Name):
        values = [x.value for x in file.bindings(expression) if x.kind == "value" and x.value]
    elif isinstance(expression, ast.Attribute):
        owner, own = class_of(file, expression), attribute_of_self(file, expression)
        values = [x.value for x in owner.holds(own)] if owner and own else []
    elif not isinstance(expression, ast.Attribute):
        return None
    if any(isinstance(x, ast.BinOp) and isinstance(x.op, ast.Sub) for x in values):
        return None
    if name is not None and _says_keep(name):
        return str(name)
    if len(values) == 1 and isinstance(expression, ast.Name) and depth:
        return _kept(file, values[0], depth - 1)
    return None


def _says_keep(name: str) -> bool:
    """`keep_prob`, `p_keep`, `dropout_keep_prob`, `keepProb`, `retain`; not `keep_dropout`."""
    words = [word.lower() for word in _WORD.findall(name)]
    kept = [i for i, word in enumerate(words) if word in _KEEP]
    if len(kept) != 1 or not set(words) - _KEEP <= _PROBABILITY | {"drop"}:
        return False
    return not any(word in ("drop", "dropout") for word in words[kept[0] :])


def _fix(file: SourceFile, value: ast.expr) -> Fix:
    start, _ = file.span(value)
    return Fix(f"Pass `1 - {file.segment(value)}`.", (Edit(start, start, "1 - "),))


RULE = Rule(
    id="DRP108",
    name="keep-probability-as-rate",
    severity="warning",
    why="What should be kept is dropped, and the other way round.",
    advice="Pass `1 - keep_prob`.",
    page=__doc__,
    check=_check,
)
