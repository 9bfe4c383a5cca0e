"""Dropout in attention ignores the mode.

## What

`scaled_dot_product_attention`, or a function of flash-attn or xformers, is given a rate that is the
same in training and in evaluation; or `multi_head_attention_forward` is not told the mode.

## Why

These functions do not know the module's mode: a `dropout_p` above 0 drops attention weights in
evaluation too, and `model.eval()` does not help.

## Example

```python
def __init__(self, p):
    super().__init__()
    self.p = p


def forward(self, q, k, v):
    return F.scaled_dot_product_attention(q, k, v, dropout_p=self.p)
```

## Instead

```python
def __init__(self, p):
    super().__init__()
    self.p = p


def forward(self, q, k, v):
    rate = self.p if self.training else 0.0
    return F.scaled_dot_product_attention(q, k, v, dropout_p=rate)
```

## Known problems

A rate that is a parameter is not judged: the caller may have asked. A field of a setting, such as
`self.config.attention_dropout`, is a warning; a constant outside of a module is advice. An
attribute that other code sets to 0 for evaluation is flagged nevertheless.

## References

pytorch/pytorch#124464; karpathy/nanoGPT#240; huggingface/pytorch-image-models#1978.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._edits import pass_training, tie_rate
from .._finding import Fix, Severity
from .._rule import Found, Rule
from ..source import (
    ATTENTION,
    Rate,
    SourceFile,
    argument,
    constant_of,
    in_module,
    in_test,
    rate_kind,
    rates,
    reached_by_mode,
)

_WHOLE = "torch.nn.functional.multi_head_attention_forward"


def _check(file: SourceFile) -> Iterator[Found]:
    for rate in rates(file):
        call, name = rate.call, rate.callee.name
        if name not in ATTENTION and not (name == _WHOLE and _is_untold(rate)):
            continue
        severity = _severity(file, rate.call, rate.value)
        if severity is None or reached_by_mode(file, call):
            continue
        own = name.rpartition(".")[2]
        message = f"`{own}` is given a rate that does not follow the mode: it drops in evaluation."
        yield Found(call, message, _fix(file, rate, name), severity)


def _is_untold(rate: Rate) -> bool:
    return argument(rate.call, "training", 13, rate.callee).is_missing


def _severity(file: SourceFile, call: ast.Call, rate: ast.expr) -> Severity | None:
    kind, inside = rate_kind(file, rate), in_module(file, call)
    if kind not in ("fixed", "setting"):
        return None
    if inside:
        return "warning" if kind == "setting" else "error"
    is_constant = constant_of(file, rate) is not None
    return "advice" if is_constant and not in_test(file, call) else None


def _fix(file: SourceFile, rate: Rate, name: str) -> Fix | None:
    if not in_module(file, rate.call):
        return None
    if name == _WHOLE:
        return pass_training(file, rate.call)
    return tie_rate(file, rate.call, rate.value)


RULE = Rule(
    id="DRP106",
    name="attention-dropout-ignores-mode",
    severity="error",
    why="Attention functions do not know the module's mode: `eval()` does not switch them off.",
    advice="Pass `self.p if self.training else 0.0`.",
    page=__doc__,
    check=_check,
)
