"""A model is evaluated in training mode.

## What

A function or loop that evaluates (by its name, or that of its loader) runs a model without
gradients, and no `eval()` reaches it: not here, not in its callers, nowhere in the file. It is
reported only if the model, or the file, shows dropout or batch norm.

## Why

`torch.no_grad()` only stops gradients. Dropout stays on, so scores are worse than they should be
and differ from run to run, and batch norm learns from the held-out data.

## Example

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.5)
        self.last = nn.Linear(8, 1)

    def forward(self, x):
        return self.last(self.drop(x))


def validate(model, loader):
    with torch.no_grad():
        return sum(F.mse_loss(model(x), y) for x, y in loader)
```

## Instead

```python
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.drop = nn.Dropout(0.5)
        self.last = nn.Linear(8, 1)

    def forward(self, x):
        return self.last(self.drop(x))


def validate(model, loader):
    model.eval()
    with torch.no_grad():
        return sum(F.mse_loss(model(x), y) for x, y in loader)
```

## Known problems

A caller in another file may call `eval()`. Nothing is said in unit tests, where Lightning or
another framework switches modes, or about models whose layers are not seen; a class of a package
that is not here counts if it is given a rate as a number, such as `dropout=0.2`.

## References

ethos-ares#20 (published numbers changed), lassonet#22, torchsurv#64; pytorch/pytorch#76383 asks
for a warning.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._rule import Found, Rule
from ..source import (
    Flow,
    Forward,
    SourceFile,
    class_of,
    flows,
    imports,
    is_evaluation,
    is_meant,
    is_sampled,
    is_sensitive,
    mode_call,
    owned_by_framework,
    self_name,
    shows_sensitive,
    text_of,
)

_AWAKE = {"entry", "train", "fresh"}


def _check(file: SourceFile) -> Iterator[Found]:
    for flow in flows(file):
        for forward in flow.forwards:
            if _is_evaluated_awake(flow, forward) and not _is_wanted(file, forward):
                name = forward.name
                yield Found(
                    forward.node,
                    f"`{name}` is evaluated, and no `eval()` reaches it: it still drops.",
                )


def _is_wanted(file: SourceFile, forward: Forward) -> bool:
    """Whether a comment says so, at the run or where the mode was set."""
    nodes = [forward.node, *(s.node for s in forward.modes if s.node is not None)]
    return any(is_meant(file, node) or is_sampled(file, node) for node in nodes)


def _is_evaluated_awake(flow: Flow, forward: Forward) -> bool:
    file, modes = flow.file, {setting.mode for setting in forward.modes}
    if _is_inside_of_module(flow, forward):
        return False
    if forward.via or forward.gradient != "off" or not modes <= _AWAKE or forward.parts:
        return False
    if not is_evaluation(file, forward.node) or _is_in_training(flow, forward):
        return False
    if owned_by_framework(file, forward.node) or imports(file, "accelerate"):
        return False
    if modes != {"train"} and not _is_awake_before(flow, forward):
        return False
    return _is_shown(file, forward)


def _is_inside_of_module(flow: Flow, forward: Forward) -> bool:
    """Whether a module runs itself or one of its parts: who calls it sets the mode."""
    owner = class_of(flow.file, forward.node)
    if owner is None or owner.is_module() is False:
        return False
    function = flow.node
    own = self_name(function) if isinstance(function, ast.FunctionDef) else None
    return forward.key.partition(".")[0] == own


def _is_shown(file: SourceFile, forward: Forward) -> bool:
    """Whether the model is seen to depend on the mode, or the file's models are."""
    function = forward.node.func
    model = function.value if text_of(function) != forward.name else function  # type: ignore[attr-defined]
    known = is_sensitive(file, model)
    return known if known is not None else shows_sensitive(file) and _is_of_the_file(file, model)


def _is_of_the_file(file: SourceFile, model: ast.expr) -> bool:
    """Whether a model may be one of those that the file shows: it is given, not made elsewhere."""
    value = file.value_of(model)
    return not isinstance(value, ast.Call)


def _is_in_training(flow: Flow, forward: Forward) -> bool:
    """Whether the loop around also learns: then a run without gradients is a part of training."""
    loop = next((x for x in flow.file.ancestors(forward.node) if isinstance(x, ast.For)), None)
    inside = (u for u in flow.updates if loop is None or loop in set(flow.file.ancestors(u.node)))
    return any(True for _ in inside)


def _is_awake_before(flow: Flow, forward: Forward) -> bool:
    """Whether no caller, and nothing else in the file, puts the model to sleep."""
    file, name = flow.file, getattr(flow.node, "name", "")
    callers = [
        one
        for other in flows(file)
        for one in other.forwards
        if one.via == name and one.node is not forward.node
    ]
    if callers:
        return all({s.mode for s in one.modes} <= _AWAKE for one in callers) and not _sleeps(
            file, forward, [one.key for one in callers]
        )
    return not any(_is_eval(call) for call in file.nodes(ast.Call))


def _sleeps(file: SourceFile, forward: Forward, keys: list[str]) -> bool:
    """Whether `eval()` is called on a model of these names where flow was not followed."""
    names = {*keys, forward.key, forward.name}
    found = (mode_call(call) for call in file.nodes(ast.Call))
    return any(one and one.mode != "train" and text_of(one.receiver) in names for one in found)


def _is_eval(call: ast.Call) -> bool:
    found = mode_call(call)
    return found is not None and found.mode != "train"


RULE = Rule(
    id="DRP201",
    name="evaluation-without-eval",
    severity="warning",
    why="`no_grad` does not switch dropout off: scores are random and too low.",
    advice="Call `eval()` before, or evaluate in `with torchdrop.modes.evaluating(model):`.",
    page=__doc__,
    check=_check,
)
