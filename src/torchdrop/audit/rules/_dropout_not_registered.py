"""Dropout is kept where torch does not look.

## What

A module keeps layers in a plain list, tuple or dictionary. With dropout inside it is an error; with
parameters only, a warning.

## Why

`eval()`, `to()`, `state_dict()` and `parameters()` reach only what is registered: attributes that
are modules, and what `ModuleList`, `ModuleDict` and `Sequential` hold. Dropout in a plain list
stays in training mode for good.

## Example

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.drops = [nn.Dropout(0.2) for _ in range(3)]

    def forward(self, x):
        return self.drops[0](x)
```

## Instead

```python
class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.drops = nn.ModuleList(nn.Dropout(0.2) for _ in range(3))

    def forward(self, x):
        return self.drops[0](x)
```

## Known problems

Silent as soon as the class calls `add_module`, `register_module` or `setattr`, or gives the list
to anything else: one of those registers the layers in most code that has such a list. Entries that
come from a variable or a parameter are not looked at, nor a list of one layer that has weights
only: `[teacher]` is how to hide a model on purpose.

## References

namisan/mt-dnn#45; pytorch/pytorch#715 and #1053.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._finding import Fix, Severity
from .._rule import Found, Rule
from ..source import (
    ClassInfo,
    SourceFile,
    attribute_of_self,
    contained,
    holds_dropout,
    holds_weights,
    walk,
)

_REGISTERS = ("add_module", "register_module", "setattr", "__setattr__")
_LOOKS = ("len", "enumerate", "zip", "range", "iter", "reversed", "isinstance", "print", "str")
_FILLS = ("append", "insert", "add")


def _check(file: SourceFile) -> Iterator[Found]:
    for node in file.nodes(ast.ClassDef):
        info = ClassInfo(file, node)
        kept = list(_kept(info))
        if not kept or info.is_module() is not True or _registers(info):
            continue
        seen: set[int] = set()
        for attribute, place, entries in kept:
            if place.lineno in seen or _is_given_away(info, attribute):
                continue
            found = _found(file, attribute, place, entries)
            if found is not None:
                seen.add(place.lineno)
                yield found


def _found(
    file: SourceFile, attribute: str, place: ast.stmt, entries: list[ast.expr]
) -> Found | None:
    fix = Fix(f"Keep `self.{attribute}` in a `torch.nn.ModuleList` or `ModuleDict`.")
    start = f"`self.{attribute}` is no `ModuleList` or `ModuleDict`: "
    severity: Severity = "error"
    if any(holds_dropout(file, entry) for entry in entries):
        return Found(place, f"{start}`eval()` does not reach the dropout in it.", fix, severity)
    is_hidden = isinstance(getattr(place, "value", None), ast.List) and len(entries) == 1
    if not is_hidden and any(holds_weights(file, entry) for entry in entries):
        severity = "warning"
        message = f"{start}`parameters()`, `to()` and the mode do not reach the layers in it."
        return Found(place, message, fix, severity)
    return None


def _kept(info: ClassInfo) -> Iterator[tuple[str, ast.stmt, list[ast.expr]]]:
    """Attributes that are plain containers all the time: where they are filled, and with what."""
    file = info.file
    held = [x for x in info.holds() if x.file is file and file.class_of(x.method) is info.node]
    plain = {x.attribute for x in held}
    for one in info.holds():
        if contained(file, file.value_of(one.value)) is None:
            plain.discard(one.attribute)
    for one in held:
        if one.attribute not in plain:
            continue
        entries = contained(file, file.value_of(one.value)) or []
        if isinstance(one.value, ast.Name):
            entries = [*entries, *_filled(file, one.value)]
            if _is_used_elsewhere(file, one.value):
                continue
        yield one.attribute, one.statement, entries
    if plain:
        yield from _added(info, plain)


def _added(info: ClassInfo, plain: set[str]) -> Iterator[tuple[str, ast.stmt, list[ast.expr]]]:
    """`self.drops.append(...)`, and `self.drops[name] = ...`."""
    for node in walk(info.node):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            attribute = attribute_of_self(info.file, node.func.value)
            if attribute in plain and node.func.attr in _FILLS and node.args:
                yield attribute, info.file.statement_of(node), [node.args[-1]]
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript):
            attribute = attribute_of_self(info.file, node.targets[0].value)
            if attribute in plain:
                yield attribute, node, [node.value]


def _filled(file: SourceFile, name: ast.Name) -> list[ast.expr]:
    """What is put into a local list."""
    function = file.function_of(name)
    return [
        node.args[0]
        for node in (walk(function) if function else ())
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == name.id
        and node.func.attr in _FILLS
        and len(node.args) == 1
    ]


def _is_used_elsewhere(file: SourceFile, name: ast.Name) -> bool:
    """Whether a local list goes anywhere but to the attribute."""
    function = file.function_of(name)
    for node in walk(function) if function else ():
        if isinstance(node, ast.Name) and node.id == name.id and isinstance(node.ctx, ast.Load):
            above = file.parent(node)
            fills = isinstance(above, ast.Attribute) and above.attr in _FILLS
            if node is not name and not fills:
                return True
    return False


def _registers(info: ClassInfo) -> bool:
    for one in info.lineage():
        for node in walk(one.node):
            name = getattr(node, "attr", None) or getattr(node, "id", None)
            if name in _REGISTERS:
                return True
    return False


def _is_given_away(info: ClassInfo, attribute: str) -> bool:
    """Whether some call gets the container: it may register what is in it."""
    for one in info.lineage():
        for node in walk(one.node):
            if attribute_of_self(one.file, node) != attribute:
                continue
            above = one.file.parent(node)
            if isinstance(above, ast.Starred):
                return True
            if isinstance(above, (ast.Call, ast.keyword)) and not _only_looks(above):
                return True
            if isinstance(above, (ast.Assign, ast.Return)) and above.value is node:
                return True
    return False


def _only_looks(call: ast.AST) -> bool:
    function = getattr(call, "func", None)
    return isinstance(function, ast.Name) and function.id in _LOOKS


RULE = Rule(
    id="DRP301",
    name="dropout-not-registered",
    severity="error",
    why="`eval()` and `parameters()` reach only registered layers: this dropout never stops.",
    advice="Keep the layers in a `torch.nn.ModuleList` or `torch.nn.ModuleDict`.",
    page=__doc__,
    check=_check,
)
