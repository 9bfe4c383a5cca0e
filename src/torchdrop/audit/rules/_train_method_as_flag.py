"""The method `train` is used as the flag `training`.

## What

In a module, `self.train`, without a call, is passed as `training=` or asked for in a test.

## Why

`self.train` is a bound method, and a method is true. Torch's own functions raise a `TypeError`;
everything written in Python believes that it trains, forever.

## Example

```python
def forward(self, x):
    if self.train:
        x = x + self.noise(x)
    return x
```

## Instead

```python
def forward(self, x):
    if self.training:
        x = x + self.noise(x)
    return x
```

## Known problems

Silent where the class, or a base that is seen, holds an attribute or property `train`.

## References

Two public uses of the text `training=self.train)` with torch.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._finding import Edit, Fix
from .._rule import Found, Rule
from ..source import FUNCTIONS, ClassInfo, SourceFile, attribute_of_self, class_of


def _check(file: SourceFile) -> Iterator[Found]:
    for node in file.nodes(ast.Attribute):
        if node.attr != "train" or not isinstance(node.ctx, ast.Load):
            continue
        if attribute_of_self(file, node) is None or not _is_used_as_flag(file, node):
            continue
        owner = class_of(file, node)
        if owner is None or owner.is_module() is not True or _has_own(owner):
            continue
        _, end = file.span(node)
        text = f"{file.segment(node)}ing"
        fix = Fix(f"Write `{text}`.", (Edit(end - len("train"), end, "training"),))
        yield Found(node, f"`{file.segment(node)}` is a method, and always true.", fix)


def _is_used_as_flag(file: SourceFile, node: ast.AST) -> bool:
    above = file.parent(node)
    if isinstance(above, ast.keyword):
        call = file.parent(above)
        return above.arg in ("training", "is_training") or (
            above.arg == "train" and isinstance(call, ast.Call) and _drops(file, call)
        )
    if isinstance(above, ast.Call):
        return len(above.args) > 2 and above.args[2] is node and _drops(file, above)
    if isinstance(above, ast.BoolOp):
        is_last = above.values[-1] is node
        return not is_last or _is_used_as_flag(file, above)
    if isinstance(above, (ast.If, ast.IfExp, ast.While)):
        return above.test is node
    if isinstance(above, ast.comprehension):
        return node in above.ifs
    return isinstance(above, ast.UnaryOp) and isinstance(above.op, ast.Not)


def _drops(file: SourceFile, call: ast.Call) -> bool:
    callee = file.callee(call)
    return callee is not None and callee.name in FUNCTIONS


def _has_own(owner: ClassInfo) -> bool:
    """Whether something else than torch's method may be behind the name."""
    if any(True for _ in owner.holds("train")):
        return True
    for one in owner.lineage():
        for child in one.node.body:
            if isinstance(child, (ast.Assign, ast.AnnAssign)):
                targets = child.targets if isinstance(child, ast.Assign) else [child.target]
                if any(isinstance(x, ast.Name) and x.id == "train" for x in targets):
                    return True
            elif getattr(child, "name", None) == "train" and getattr(child, "decorator_list", ()):
                return True
    return False


RULE = Rule(
    id="DRP105",
    name="train-method-as-flag",
    severity="error",
    why="A method is true whatever the mode is, so what it decides happens in evaluation too.",
    advice="Write `self.training`.",
    page=__doc__,
    check=_check,
)
