"""`train` or `eval` is overridden, and no longer switches the model.

## What

A module's own `train` does not pass the mode on to `super().train(mode)` and does not switch its
children; or it takes no mode, or returns nothing.

## Why

`eval()` calls `self.train(False)`. If that does not reach the layers, dropout stays on, whatever
is called. If it returns nothing, `model = model.eval()` is `None`.

## Example

```python
class Net(nn.Module):
    def train(self, mode=True):
        self.training = mode
        self.backbone.bn1.eval()
        return self
```

## Instead

```python
class Net(nn.Module):
    def train(self, mode=True):
        super().train(mode)
        self.backbone.bn1.eval()
        return self
```

## Known problems

A `train` that does nothing but `return self` keeps a module asleep on purpose, and is not
reported. One that only forgets to return is advice. A training loop called `train` is a warning:
it harms only those who call `eval()`.

## References

Detectron.pytorch#104.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._rule import Found, Rule
from ..source import ClassInfo, Function, SourceFile, is_meant, parameters, walk


def _check(file: SourceFile) -> Iterator[Found]:
    for node in file.nodes(ast.ClassDef):
        info = ClassInfo(file, node)
        if not any(getattr(x, "name", "") in ("train", "eval") for x in node.body):
            continue
        if info.is_module() is not True:
            continue
        for method in node.body:
            if isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)):
                found = _judge(info, method)
                if found is not None and not is_meant(file, method) and not method.decorator_list:
                    yield found


def _judge(info: ClassInfo, method: Function) -> Found | None:
    body = [x for x in method.body if not _says_nothing(x)]
    asleep = len(body) == 1 and isinstance(body[0], ast.Return)
    if method.name not in ("train", "eval") or not body or (asleep and not _switches(method)):
        return None
    if method.name == "train":
        return _judge_train(info, method)
    if _switches(method) or not _sets_flag(method):
        return None
    return Found(method, "`eval` sets a flag only: the layers inside keep their mode.")


def _judge_train(info: ClassInfo, method: Function) -> Found | None:
    positional = [*method.args.posonlyargs, *method.args.args][1:]
    if not _takes_mode(method):
        own = any(getattr(x, "name", "") == "eval" for x in info.node.body)
        message = "`train` is overridden by something that takes no mode: `eval()` calls it, too."
        return None if own else Found(method, message, severity="warning")
    if not _switches(method):
        return Found(method, "`train` does not switch the layers inside: call `super().train`.")
    if positional and _ignores_mode(method, positional[0].arg):
        return Found(method, "`train` calls `super().train()` without the mode: `eval()` wakes it.")
    if not any(isinstance(x, ast.Return) and x.value is not None for x in walk(method)):
        message = "`train` returns nothing, so `model.eval()` gives `None`."
        return Found(method, message, severity="advice")
    return None


def _takes_mode(method: Function) -> bool:
    """Whether it can be called as `train(False)`, with nothing else."""
    given = parameters(method.args)[1:]
    stars = {method.args.vararg, method.args.kwarg}
    needed = [p for p, default in given if default is None and p not in stars]
    if method.args.vararg is not None and not needed:
        return True
    named = [p.arg for p, _ in given]
    first = bool(named) and named[0] in ("mode", "training", "is_training", "train", "flag", "on")
    return first and len(needed) <= 1 and needed in ([], [given[0][0]])


def _switches(method: Function) -> bool:
    """Whether something is switched that reaches all layers: `super()`, a base, or children."""
    for call in walk(method):
        if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
            continue
        called = call.func
        if called.attr in ("train", "eval", "__setattr__") and not _is_part(method, called.value):
            return True
        if called.attr in ("train", "eval") and method.name == "eval":
            return True
    return False


def _is_part(method: Function, receiver: ast.expr) -> bool:
    """Whether only a named part of `self` is switched."""
    own = method.args.args[0].arg if method.args.args else ""
    first: ast.expr = receiver
    while isinstance(first, (ast.Attribute, ast.Subscript)):
        first = first.value
    return isinstance(receiver, ast.Attribute) and isinstance(first, ast.Name) and first.id == own


def _ignores_mode(method: Function, mode: str) -> bool:
    """Whether the mode is read nowhere, and `super().train()` is called bare."""
    reads = any(isinstance(x, ast.Name) and x.id == mode for x in walk(method))
    bare = any(
        isinstance(x, ast.Call)
        and isinstance(x.func, ast.Attribute)
        and x.func.attr == "train"
        and isinstance(x.func.value, ast.Call)
        and not x.args
        and not x.keywords
        for x in walk(method)
    )
    return bare and not reads


def _sets_flag(method: Function) -> bool:
    return any(
        isinstance(x, ast.Attribute) and x.attr == "training" and isinstance(x.ctx, ast.Store)
        for x in walk(method)
    )


def _says_nothing(statement: ast.stmt) -> bool:
    text = isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    return text or isinstance(statement, ast.Pass)


RULE = Rule(
    id="DRP205",
    name="train-override-broken",
    severity="error",
    why="`eval()` calls `self.train(False)`: if that does not reach the layers, dropout stays on.",
    advice="Call `super().train(mode)` first, and `return self`.",
    page=__doc__,
    check=_check,
)
