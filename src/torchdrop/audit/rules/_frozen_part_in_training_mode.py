"""A frozen part is in training mode.

## What

The parameters of a part take no gradient, but the part is in training mode, with dropout that acts.

## Why

What the part gives is noise on top of values that never change: dropout regularizes nothing there,
as no weight in it learns, and batch norms go on moving their statistics.

## Example

```python
from elsewhere import Detector, resnet

model = Detector(resnet(dropout=0.1))
model.backbone.requires_grad_(False)
model.train()
```

## Instead

```python
from elsewhere import Detector, resnet

model = Detector(resnet(dropout=0.1))
model.backbone.requires_grad_(False)
model.train()
model.backbone.eval()
```

## Known problems

Noise on frozen features can be wanted: it is advice. Source is judged only where freezing and
`train()` stand in one function, the whole part is frozen, nothing else happens to it, and no
`eval()` of it is in the file. Overriding `train` in the class is the lasting remedy.

## References

Lightning-AI/pytorch-lightning#2551 and #18951.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import partial

from .._rule import Found, Rule
from ..source import SourceFile

_LISTS = ("parameters", "named_parameters")


def _check(file: SourceFile) -> Iterator[Found]:
    if "dropout" not in file.text.lower():
        return
    nodes = [*file.nodes(ast.Call), *file.nodes(ast.For)]
    for part, statement in (x for x in map(partial(_frozen, file), nodes) if x):
        for call in file.nodes(ast.Call):
            root = _trained(call)
            same = file.function_of(call) is file.function_of(statement)
            if root is None or not same or call.lineno <= statement.lineno:
                continue
            if (part == root or part.startswith(f"{root}.")) and not _is_handled(
                file, part, statement, call
            ):
                yield Found(call, f"`{part}` is frozen, and this puts it into training mode.")
                break


def _frozen(file: SourceFile, node: ast.Call | ast.For) -> tuple[str, ast.stmt] | None:
    """The part whose parameters a statement freezes, all of them."""
    if isinstance(node, ast.Call):
        part = _receiver(node, "requires_grad_")
        return (part, file.statement_of(node)) if part and _is_off(node) else None
    if not isinstance(node.iter, ast.Call) or len(node.body) != 1:
        return None
    part = next((x for name in _LISTS if (x := _receiver(node.iter, name))), None)
    return (part, node) if part and _freezes(node.body[0]) else None


def _freezes(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
        return bool(_receiver(statement.value, "requires_grad_")) and _is_off(statement.value)
    if not isinstance(statement, ast.Assign):
        return False
    target, value = statement.targets[0], statement.value
    is_flag = isinstance(target, ast.Attribute) and target.attr == "requires_grad"
    return is_flag and isinstance(value, ast.Constant) and value.value is False


def _is_off(call: ast.Call) -> bool:
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    return len(given) == 1 and isinstance(given[0], ast.Constant) and given[0].value is False


def _trained(call: ast.Call) -> str | None:
    """The model that a call puts into training mode."""
    given = [*call.args, *(keyword.value for keyword in call.keywords)]
    is_on = not given or (isinstance(given[0], ast.Constant) and given[0].value is True)
    return _receiver(call, "train") if is_on and len(given) < 2 else None


def _receiver(call: ast.Call, method: str) -> str | None:
    """Dotted path of the object whose method is called."""
    if not isinstance(call.func, ast.Attribute) or call.func.attr != method:
        return None
    node: ast.expr = call.func.value
    while isinstance(node, ast.Attribute):
        node = node.value
    return ast.unparse(call.func.value) if isinstance(node, ast.Name) else None


def _is_handled(file: SourceFile, part: str, frozen: ast.stmt, train: ast.Call) -> bool:
    """Whether the part is put into evaluation, thawed, or changed in between."""
    for call in file.nodes(ast.Call):
        sleeps = _receiver(call, "train") == part and _trained(call) is None
        thaws = _receiver(call, "requires_grad_") == part and not _is_off(call)
        if sleeps or thaws or _receiver(call, "eval") == part:
            return True
    last = frozen.end_lineno or frozen.lineno
    return any(
        ast.unparse(node) == part
        for node in file.nodes(ast.Name, ast.Attribute)
        if last < node.lineno < train.lineno and file.function_of(node) is file.function_of(frozen)
    )


RULE = Rule(
    id="DRP211",
    name="frozen-part-in-training-mode",
    severity="advice",
    why="Dropout adds noise to values that never change, and regularizes no weight there.",
    advice="Call `eval()` on the frozen part after `train()`, best in an override of `train`.",
    page=__doc__,
    check=_check,
)
