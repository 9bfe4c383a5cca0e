"""The mode of functional dropout is a constant.

## What

In a module, functional dropout is called with `training=True` or `training=False`.

## Why

With `True` it drops in evaluation too; with `False` it never drops, whatever its rate. Either can
be meant: then a comment spares the next reader the question.

## Example

```python
def forward(self, x):
    return F.dropout(x, 0.1, training=True)
```

## Instead

```python
def forward(self, x):
    return F.dropout(x, 0.1, training=self.training)
```

or, if it is meant,

```python
def forward(self, x):
    return F.dropout(x, 0.1, training=True)  # always on: its noise is the variety
```

## Known problems

Silent where a comment at the call, at a statement around it, or directly above, or the docstring of
the function or class, says "always on", "intentional", "on purpose" or the like; under a test of
the mode; and outside of modules, where there is no mode to pass on.

## References

NVIDIA/tacotron2#247 and the issues linked there: dropout that stays on by design, and was
"repaired" by many. SimpleNet#2 is the mistake.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._rule import Found, Rule
from ..source import (
    FUNCTIONS,
    SourceFile,
    argument,
    constant_of,
    in_module,
    rate_kind,
    reached_by_mode,
)
from ..source._intent import is_always_on

_OURS = ("dropout", "dropout1d", "dropout2d", "dropout3d", "alpha_dropout", "feature_alpha_dropout")
_NAMES = (*FUNCTIONS, *(f"torchdrop.functional.{name}" for name in _OURS))


def _check(file: SourceFile) -> Iterator[Found]:
    for call, callee in file.calls(*_NAMES):
        given = [argument(call, "training", 2, callee), argument(call, "train", 2, callee)]
        value = next((x.value for x in given if x.value is not None), None)
        constant = None if value is None else constant_of(file, value)
        if not isinstance(constant, bool) or not in_module(file, call):
            continue
        rate = argument(call, "p", 1, callee).value
        if rate is not None and rate_kind(file, rate) in ("tied", "zero"):
            continue
        if reached_by_mode(file, call) or is_always_on(file, call):
            continue
        effect = "it drops in evaluation too" if constant else "it never drops"
        yield Found(call, f"The mode of dropout is the constant {constant}, so {effect}.")


RULE = Rule(
    id="DRP103",
    name="training-hard-coded",
    severity="advice",
    why="A constant in the place of the mode makes `train()` and `eval()` do nothing here.",
    advice="Pass `training=self.training`; if it is meant, say so in a comment: `# always on`.",
    page=__doc__,
    check=_check,
)
