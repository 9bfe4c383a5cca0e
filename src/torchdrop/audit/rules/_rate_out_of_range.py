"""A rate is no probability, or drops (nearly) everything.

## What

The rate of a dropout is a constant outside of [0, 1], is 1, is a boolean, or is 0.8 and more.

## Why

Outside of [0, 1] torch raises as soon as the layer is built, or, for attention, used. With 1 every
value becomes 0. `True` is 1: a switch `dropout=True` that is passed on switches the network off.
A rate of 0.8 and more is legal; often it is a probability of keeping.

## Example

```python
def block(width, dropout=True):
    return nn.Sequential(nn.Linear(width, width), nn.Dropout(dropout))
```

## Instead

```python
def block(width, dropout=0.5):
    return nn.Sequential(nn.Linear(width, width), nn.Dropout(dropout))
```

## Known problems

High rates are advice: some video networks are trained with 0.8. A parameter counts as a boolean if
its default is `True` or its annotation is `bool`, unless the function asks for its type.

## References

CA-Net#4 has `drop_out=True`; `nn.Dropout(True)` has p = 1 and `nn.LSTM` refuses booleans, torch
2.13.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._finding import Fix, Severity
from .._rule import Found, Rule
from ..source import SourceFile, attribute_of_self, class_of, constant_of, in_test, rates, walk

_HIGH = 0.8
_MODES = ("training", "is_training")  # DRP104 says more of them


def _check(file: SourceFile) -> Iterator[Found]:
    for rate in rates(file):
        verdict = _verdict(file, rate.value)
        if verdict is None or (in_test(file, rate.call) and verdict[0] == "error"):
            continue
        severity, message, advice = verdict
        yield Found(rate.call, message, Fix(advice), severity)


def _verdict(file: SourceFile, value: ast.expr) -> tuple[Severity, str, str] | None:
    text, number = file.segment(value), _constant(file, value)
    if number is True or (number is None and _is_switch(file, value)):
        message = f"`{text}` is a boolean, and True is a rate of 1: everything is dropped."
        return "error", message, "Pass a number between 0 and 1; 0 switches dropout off."
    if number is None or isinstance(number, bool):
        return None
    if not 0 <= number <= 1:
        percent = f"{number:g} % is {number / 100:g}; p" if 1 < number <= 100 else "p"
        advice = f"{percent} is the probability of dropping, between 0 and 1."
        return "error", f"The rate is {number:g}, which is outside of [0, 1].", advice
    if number == 1:
        advice = "Give the probability of dropping, below 1."
        return "error", "The rate is 1: everything is dropped.", advice
    if number >= _HIGH - 1e-9:
        advice = f"If {number:g} is what is kept, pass {1 - number:.3g}."
        return "advice", f"The rate is {number:g}: few values are left.", advice
    return None


def _constant(file: SourceFile, value: ast.expr) -> bool | int | float | None:
    """Also of an attribute that is only ever given one constant."""
    found = constant_of(file, value)
    name, owner = attribute_of_self(file, value), class_of(file, value)
    if found is not None or name is None or owner is None or owner.method(name):
        return found
    held = [constant_of(x.file, x.value) for x in owner.holds(name)]
    return held[0] if len(held) == 1 else None


def _is_switch(file: SourceFile, value: ast.expr) -> bool:
    """Whether it is a parameter that takes booleans, and the function does not ask which."""
    value = file.value_of(value)
    bound = file.bindings(value) if isinstance(value, ast.Name) else []
    if len(bound) != 1 or bound[0].kind != "parameter" or value.id in _MODES:  # type: ignore[attr-defined]
        return False
    annotation = getattr(bound[0].node, "annotation", None)
    is_bool = isinstance(annotation, ast.Name) and annotation.id == "bool"
    default = bound[0].value
    if not is_bool and not (isinstance(default, ast.Constant) and default.value is True):
        return False
    function = file.function_of(bound[0].node) or file.tree
    return not any(
        isinstance(x, ast.Call)
        and file.qualified(x.func) in ("builtins.isinstance", "builtins.type")
        and any(isinstance(a, ast.Name) and a.id == value.id for a in x.args)  # type: ignore[attr-defined]
        for x in walk(function)
    )


RULE = Rule(
    id="DRP109",
    name="rate-out-of-range",
    severity="error",
    why="p is the probability of dropping: 1 leaves nothing, and torch refuses what is above.",
    advice="Give a number between 0 and 1.",
    page=__doc__,
    check=_check,
)
