"""Dropout is built and never called.

## What

A module keeps a dropout layer in an attribute that no method reads: neither its own, nor those of
its bases, nor those of the classes below it. In a model, the layer was not run by a forward.

## Why

The model trains without the regularization that its constructor promises, and every rate that is
tried for it gives the same result.

## Example

```python
class Model(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.last = nn.Linear(4, 2)
        self.drop = nn.Dropout(p)

    def forward(self, x):
        return self.last(x)
```

## Instead

```python
class Model(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.last = nn.Linear(4, 2)
        self.drop = nn.Dropout(p)

    def forward(self, x):
        return self.last(self.drop(x))
```

## Known problems

Silent where a class hands `self` to a function, uses `getattr`, or walks over its children; where a
base is not among the audited files; and where any code of the file reads an attribute of that name
from another object. A reader in another file that is not a subclass is not seen.

## References

huggingface/pytorch-image-models#1726; kornia/kornia#3813 calls the first of two twice.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._rule import Found, Rule
from ..source import (
    ClassInfo,
    Held,
    SourceFile,
    family,
    hands_itself_on,
    is_dropout,
    is_read_outside,
    knows_bases,
    reads,
    walk,
)

_CALLED = ("forward", "__call__")


def _check(file: SourceFile) -> Iterator[Found]:
    for node in file.nodes(ast.ClassDef):
        info = ClassInfo(file, node)
        kept = [held for held in _own(info) if _is_dropout(file, held.value)]
        if not kept or info.is_module() is not True or not knows_bases(info) or not _runs(info):
            continue
        members = family(info)
        if hands_itself_on(members):
            continue
        for held in kept:
            name = held.attribute
            if not reads(members, name) and not is_read_outside(file, members, name):
                yield Found(held.statement, f"`self.{name}` is built, and no method calls it.")


def _own(info: ClassInfo) -> list[Held]:
    """What the class's own methods assign."""
    file = info.file
    return [x for x in info.holds() if x.file is file and file.class_of(x.method) is info.node]


def _is_dropout(file: SourceFile, value: ast.expr) -> bool:
    if isinstance(value, ast.IfExp):
        return is_dropout(file, value.body) or is_dropout(file, value.orelse)
    return is_dropout(file, value)


def _runs(info: ClassInfo) -> bool:
    """Whether it has a forward that does something."""
    found = next((x for name in _CALLED if (x := info.method(name)) is not None), None)
    return found is not None and any(isinstance(x, ast.Return) for x in walk(found[1]))


RULE = Rule(
    id="DRP302",
    name="dropout-never-called",
    severity="warning",
    why="The model trains without the regularization that its constructor promises.",
    advice="Call the layer in `forward`, or take it out.",
    page=__doc__,
    check=_check,
)
