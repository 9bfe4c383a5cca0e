"""The random stream starts again in every step.

## What

A seed that does not change is set inside of the loop that trains, in a function that this loop
calls (as where evaluation between epochs shall draw the same), or in a module's `forward`.

## Why

Every step, or every epoch, then draws the same masks. The units that are dropped first are always
dropped: it is a smaller fixed network that trains, or a cycle of a few.

## Example

```python
for x, y in loader:
    torch.manual_seed(0)
    optimizer.zero_grad()
    criterion(model(x), y).backward()
    optimizer.step()
```

## Instead

```python
torch.manual_seed(0)
for x, y in loader:
    optimizer.zero_grad()
    criterion(model(x), y).backward()
    optimizer.step()
```

## Known problems

Silent where the loop makes its own optimizer, as for folds or repeated runs; where the seed depends
on the loop or on a call; and inside of `fork_rng`, or where the state is set back. A function is
only followed to the loops of its own file, and only if the file shows dropout.

## References

Found by reasoning; a run shows it as masks that repeat (DRP403).
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence

from .._rule import Found, Rule
from ..source import (
    Function,
    SourceFile,
    argument,
    in_module,
    in_test,
    parameters,
    self_name,
    shows_dropout,
    walk,
)
from ..source._callers import called_only_from
from ..source._rounds import bodies, is_conditional, loop_around, rounds

_NAMES = (
    *("torch.manual_seed", "torch.random.manual_seed", "torch.default_generator.manual_seed"),
    *("torch.cuda.manual_seed", "torch.cuda.manual_seed_all", "torch.cuda.random.manual_seed"),
    *("torch.cuda.random.manual_seed_all", "torch.mps.manual_seed", "torch.xpu.manual_seed"),
    *("transformers.set_seed", "transformers.trainer_utils.set_seed", "accelerate.utils.set_seed"),
    *("lightning.seed_everything", "lightning.pytorch.seed_everything"),
    *("pytorch_lightning.seed_everything", "lightning.fabric.seed_everything"),
)
_STEPS = ("forward", "training_step")


def _check(file: SourceFile) -> Iterator[Found]:
    for call, callee in file.calls(*_NAMES):
        seed = argument(call, "seed", 0, callee).value
        if seed is None or any(isinstance(x, ast.Call) for x in walk(seed)):
            continue
        if _is_set_back(file, call):
            continue
        loop = loop_around(file, call)
        if loop is None and _is_in_round(file, call, seed):
            yield Found(call, "The loop that trains calls this: the same seed in every round.")
        elif in_test(file, call):
            continue
        elif loop is not None and _trains(file, [loop]) and not _changes(file, seed, loop):
            yield Found(call, "The same seed is set in every round of the loop that trains.")
        elif loop is None and _is_in_step(file, call, seed):
            yield Found(call, "The same seed is set in every call: all masks are the same.")


def _is_set_back(file: SourceFile, call: ast.expr) -> bool:
    for above in file.ancestors(call):
        if isinstance(above, ast.With) and "rng" in "".join(map(file.segment, _contexts(above))):
            return True
    place = file.function_of(call) or file.tree
    return any(
        isinstance(x, ast.Call) and (file.qualified(x.func) or "").endswith("set_rng_state")
        for x in walk(place)
    )


def _contexts(statement: ast.With) -> list[ast.expr]:
    return [item.context_expr for item in statement.items]


def _trains(file: SourceFile, parts: Sequence[ast.AST]) -> bool:
    """Whether they call `backward`, and step optimizers that were there before."""
    methods = [x.func for part in parts for x in walk(part) if isinstance(x, ast.Call)]
    steps = [x for x in methods if isinstance(x, ast.Attribute) and x.attr == "step"]
    if not steps or not any(isinstance(x, ast.Attribute) and x.attr == "backward" for x in methods):
        return False
    return not any(_changes(file, x.value, part) for x in steps for part in parts)


def _changes(file: SourceFile, expression: ast.expr, loop: ast.AST) -> bool:
    """Whether a name or attribute in an expression is given a value inside of a loop."""
    names = {x.id for x in walk(expression) if isinstance(x, ast.Name)}
    attributes = {x.attr for x in walk(expression) if isinstance(x, ast.Attribute)}
    for node in walk(loop):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id in names:
            return True
        is_attribute = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        if is_attribute and node.attr in attributes:  # type: ignore[attr-defined]
            return True
    return False


def _is_in_step(file: SourceFile, call: ast.Call, seed: ast.expr) -> bool:
    function = file.function_of(call)
    if (
        function is None
        or not in_module(file, call)
        or not called_only_from(file, function, _STEPS)
    ):
        return False
    return not _depends_on_caller(function, seed) and not _changes(file, seed, function)


def _is_in_round(file: SourceFile, call: ast.Call, seed: ast.expr) -> bool:
    """Whether its function runs in every round of a loop that trains, with the same seed."""
    function = file.function_of(call)
    if function is None or is_conditional(file, call) or not shows_dropout(file):
        return False
    if _depends_on_caller(function, seed) or _changes(file, seed, function):
        return False
    for loop, way in rounds(file, function):
        parts = bodies(file, loop)
        if in_test(file, loop) or any(_is_set_back(file, named) for named in way):
            continue
        if _trains(file, parts) and not any(_changes(file, seed, part) for part in parts):
            return True
    return False


def _depends_on_caller(function: Function, seed: ast.expr) -> bool:
    given = {parameter.arg for parameter, _ in parameters(function.args)} - {self_name(function)}
    return any(isinstance(x, ast.Name) and x.id in given for x in walk(seed))


RULE = Rule(
    id="DRP113",
    name="reseeded-in-loop",
    severity="warning",
    why="Every step, or epoch, draws the same masks: a few fixed, smaller networks train.",
    advice="Set the seed once, before the loop; one for evaluation in `torch.random.fork_rng()`.",
    page=__doc__,
    check=_check,
)
