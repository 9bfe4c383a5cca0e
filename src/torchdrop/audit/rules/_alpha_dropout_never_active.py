"""Functional alpha dropout is never active.

## What

`torch.nn.functional.alpha_dropout` or `feature_alpha_dropout` is called without `training=`.

## Why

Unlike `dropout`, these two have the default `training=False`: they return their input, in training
too. The network trains without the noise that its author believes in, and nothing says so.

## Example

```python
def forward(self, x):
    x = F.selu(self.first(x))
    return F.alpha_dropout(x, 0.1)
```

## Instead

```python
def forward(self, x):
    x = F.selu(self.first(x))
    return F.alpha_dropout(x, 0.1, training=self.training)
```

## Known problems

None: the call does nothing, wherever it stands. A rate of the constant 0 is left alone.

## References

The signatures in `torch.nn.functional`, torch 2.13; Klambauer et al., Self-Normalizing Neural
Networks, 2017.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._edits import pass_training
from .._rule import Found, Rule
from ..source import FUNCTIONS, SourceFile, argument, in_module, in_test, rate_kind

_NAMES = tuple(name for name, is_on in FUNCTIONS.items() if not is_on)


def _check(file: SourceFile) -> Iterator[Found]:
    for call, callee in file.calls(*_NAMES):
        flags = (argument(call, name, 2, callee) for name in ("training", "train"))
        if not all(flag.is_missing for flag in flags):
            continue
        rate = argument(call, "p", 1, callee).value
        if rate is not None and rate_kind(file, rate) == "zero":
            continue
        if in_test(file, call) and not in_module(file, call):
            continue
        name = callee.name.rpartition(".")[2]
        message = (
            f"`{name}` is called without `training=`, whose default is False: it drops nothing."
        )
        yield Found(call, message, pass_training(file, call) if in_module(file, call) else None)


RULE = Rule(
    id="DRP102",
    name="alpha-dropout-never-active",
    severity="error",
    why="The functional forms of alpha dropout are off unless they are told to train.",
    advice="Pass `training=self.training`, or use a `torch.nn.AlphaDropout` layer.",
    page=__doc__,
    check=_check,
)
