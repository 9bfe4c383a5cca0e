"""Evaluation overwrites the rate.

## What

In evaluation a rate that belongs to the module is set to 0, and nothing sets it back.

## Why

An attribute outlives the call. After the first evaluation the rate is 0 in training, too, and
dropout never comes back.

## Example

```python
def forward(self, q, k, v):
    if not self.training:
        self.p = 0.0
    return F.scaled_dot_product_attention(q, k, v, dropout_p=self.p)
```

## Instead

```python
def forward(self, q, k, v):
    p = self.p if self.training else 0.0
    return F.scaled_dot_product_attention(q, k, v, dropout_p=p)
```

## Known problems

The attribute counts as a rate if it is called `p` or has `drop` in its name. If any other method
than the constructor assigns it, nothing is said.

## References

Megatron-LM#411 and #318, Megatron-DeepSpeed#295.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._rule import Found, Rule
from ..source import ClassInfo, Function, SourceFile, class_of, is_meant, self_name, text_of, walk


def _check(file: SourceFile) -> Iterator[Found]:
    for node in file.nodes(ast.Assign):
        target, method = node.targets[0], file.function_of(node)
        if not isinstance(target, ast.Attribute) or method is None or not _is_zero(node.value):
            continue
        owner, text = class_of(file, node), text_of(target) or ""
        own = self_name(method)
        if owner is None or own is None or not _is_rate(text, own) or owner.is_module() is not True:
            continue
        sleeps = method.name == "eval" or _is_in_evaluation(file, node, own)
        if sleeps and not _is_set_elsewhere(owner, text, own, node) and not is_meant(file, node):
            yield Found(
                node, f"`{text}` is 0 after the first evaluation, and stays so in training."
            )


def _is_rate(text: str, own: str) -> bool:
    last = text.rpartition(".")[2]
    return text.startswith(f"{own}.") and (last == "p" or "drop" in last.lower())


def _is_zero(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value == 0 and value.value is not False


def _is_in_evaluation(file: SourceFile, node: ast.AST, own: str) -> bool:
    """Whether a statement runs only where `self.training` is false."""
    child: ast.AST = node
    for above in file.ancestors(node):
        if isinstance(above, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return False
        if isinstance(above, ast.If):
            outcome = _asks(above.test, own)
            if outcome is not None and child in (above.orelse if outcome else above.body):
                return True
        child = above
    return False


def _asks(test: ast.expr, own: str) -> bool | None:
    """`True` for `self.training`, `False` for its opposite, `None` for anything else."""
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _asks(test.operand, own)
        return None if inner is None else not inner
    if isinstance(test, ast.Compare) and isinstance(test.comparators[0], ast.Constant):
        inner, same = _asks(test.left, own), isinstance(test.ops[0], (ast.Is, ast.Eq))
        return None if inner is None else inner == (same == bool(test.comparators[0].value))
    return True if text_of(test) == f"{own}.training" else None


def _is_set_elsewhere(owner: ClassInfo, text: str, own: str, node: ast.Assign) -> bool:
    """Whether the rate is set anywhere else than in the constructor."""
    methods = (
        method
        for one in owner.lineage()
        for method in one.node.body
        if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef))
    )
    return any(m.name != "__init__" and _writes(m, text[len(own) :], node) for m in methods)


def _writes(method: Function, name: str, node: ast.Assign) -> bool:
    own = self_name(method) or ""
    return any(
        isinstance(x, (ast.Attribute, ast.Name))
        and isinstance(x.ctx, ast.Store)
        and text_of(x) == own + name
        and x is not node.targets[0]
        for x in walk(method)
    )


RULE = Rule(
    id="DRP206",
    name="rate-overwritten-by-evaluation",
    severity="error",
    why="The rate stays 0 after the first evaluation: dropout never comes back.",
    advice="Use a local variable: `p = self.p if self.training else 0.0`.",
    page=__doc__,
    check=_check,
)
