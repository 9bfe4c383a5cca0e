"""A checkpoint forgets the random state.

## What

`torch.utils.checkpoint.checkpoint`, or a function of its family, is called with
`preserve_rng_state=False`, and there is dropout inside.

## Why

Backward computes the activations again, with other masks than forward had: the gradients belong to
another network. The loss looks as always; in one report training ended at 2.50 instead of 2.20.

## Example

```python
from torch.utils.checkpoint import checkpoint


class Net(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.block = nn.Sequential(nn.Linear(4, 4), nn.Dropout(p))

    def forward(self, x):
        return checkpoint(self.block, x, use_reentrant=False, preserve_rng_state=False)
```

## Instead

```python
from torch.utils.checkpoint import checkpoint


class Net(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.block = nn.Sequential(nn.Linear(4, 4), nn.Dropout(p))

    def forward(self, x):
        return checkpoint(self.block, x, use_reentrant=False)
```

## Known problems

Where it cannot be seen what is computed again, it is advice. Silent if nothing random is in it, and
under a test of the mode or of a rate.

## References

allenai/OLMo-core#828 (cross-entropy 2.495 against 2.195); PIDM#66.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .._finding import Severity
from .._rule import Found, Rule
from ..source import SourceFile, argument, constant_of, in_test, reached_by_mode, walk
from ..source._randomness import may_drop

_HOME = "torch.utils.checkpoint"
_WRAPPER = "torch.distributed.algorithms._checkpoint.checkpoint_wrapper.checkpoint_wrapper"
_NAMES = {
    f"{_HOME}.checkpoint": "function",
    f"{_HOME}.checkpoint_sequential": "functions",
    _WRAPPER: "module",
}
_RATE = re.compile(r"drop|^p$|rate", re.IGNORECASE)


def _check(file: SourceFile) -> Iterator[Found]:
    for call, callee in file.calls(*_NAMES):
        given = argument(call, "preserve_rng_state", None, callee).value
        if given is None or constant_of(file, given) is not False:
            continue
        if reached_by_mode(file, call) or _asks_for_rate(file, call) or in_test(file, call):
            continue
        inside = argument(call, _NAMES[callee.name], 0, callee).value
        drops = None if inside is None else may_drop(file, inside)
        if drops is False:
            continue
        severity: Severity = "error" if drops else "advice"
        doubt = "" if drops else ", if anything in it is random"
        message = f"What is computed again in backward draws other masks{doubt}."
        yield Found(call, message, severity=severity)


def _asks_for_rate(file: SourceFile, call: ast.Call) -> bool:
    tests = (x.test for x in file.ancestors(call) if isinstance(x, (ast.If, ast.IfExp)))
    names = (getattr(x, "id", getattr(x, "attr", "")) for test in tests for x in walk(test))
    return any(_RATE.search(name) for name in names)


RULE = Rule(
    id="DRP112",
    name="checkpoint-without-rng-state",
    severity="error",
    why="Backward recomputes with other masks than forward had: the gradients are wrong.",
    advice="Leave `preserve_rng_state` at its default, True.",
    page=__doc__,
    check=_check,
)
