"""A dropout rate is asked for and ignored.

## What

The constructor of a module has a parameter for a dropout rate that it never reads.

## Why

Whoever sets it believes in a regularization that is not there, and a search over it compares noise.

## Example

```python
class Model(nn.Module):
    def __init__(self, width, dropout=0.1):
        super().__init__()
        self.last = nn.Linear(width, width)
```

## Instead

```python
class Model(nn.Module):
    def __init__(self, width, dropout=0.1):
        super().__init__()
        self.last = nn.Sequential(nn.Dropout(dropout), nn.Linear(width, width))
```

## Known problems

A signature may be given from outside. Silent where a base class has the same parameter or is not
among the audited files, where the class or its constructor is decorated, where the class or one
below it is used as a value in any audited file (as in a table of blocks), where the parameter is
deleted, where a comment or the docstring says of it that it is unused, ignored, deprecated or kept
for compatibility, and where a comment in the body names it, as where its use was taken out.

## References

pytorch/torchtune#996; timeseriesAI/tsai#826.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from .._rule import Found, Rule
from ..source import ClassInfo, Function, SourceFile, family, knows_bases, parameters, walk

_RATE = re.compile(
    r"(?:\w+_)?p?drop(?:out)?\d*(?:_?path)?(?:_?(?:rate|prob|probability|ratio|p))?\d*"
)
_SAID = re.compile(
    r"unused|not used|ignor|deprecat|compat|no effect|not supported|placeholder", re.I
)
_TAKES_VALUES = (
    *(ast.Call, ast.keyword, ast.Dict, ast.Assign),
    *(ast.List, ast.Tuple, ast.Return, ast.IfExp, ast.arguments),
)
_CAPTURES = ("locals", "vars", "save_hyperparameters", "currentframe")


def _check(file: SourceFile) -> Iterator[Found]:
    for node in file.nodes(ast.ClassDef):
        info = ClassInfo(file, node)
        constructor = next(_constructors(node), None)
        if constructor is None or node.decorator_list or constructor.decorator_list:
            continue
        rates = [x for x in _ignored(constructor) if not _is_said(file, node, x)]
        if not rates or info.is_module() is not True or not knows_bases(info):
            continue
        if _is_stub(constructor) or _is_handed_around(info):
            continue
        for rate in rates:
            if not _is_required(info, rate.arg):
                yield Found(rate, f"`{node.name}` takes `{rate.arg}` and never reads it.")


def _constructors(node: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    for child in node.body:
        if isinstance(child, ast.FunctionDef) and child.name == "__init__":
            yield child


def _ignored(function: ast.FunctionDef) -> list[ast.arg]:
    """Parameters for a rate that the function never names."""
    nodes = [node for statement in function.body for node in walk(statement)]
    named = {node.id for node in nodes if isinstance(node, ast.Name)}
    if named.intersection(_CAPTURES) or any(getattr(x, "attr", "") in _CAPTURES for x in nodes):
        return []
    variadic = (function.args.vararg, function.args.kwarg)
    return [
        arg
        for arg, _ in parameters(function.args)
        if arg not in variadic and arg.arg not in named and _RATE.fullmatch(arg.arg)
    ]


def _is_said(file: SourceFile, node: ast.ClassDef, rate: ast.arg) -> bool:
    """Whether a comment on its line, or words about it in a docstring, say that it is unused."""
    lines = file.text.splitlines()
    around = [lines[i] for i in (rate.lineno - 2, rate.lineno - 1) if "#" in lines[i]]
    if any(_is_remarked(lines, function, rate.arg) for function in _constructors(node)):
        return True
    owners: list[ast.ClassDef | ast.FunctionDef] = [node, *_constructors(node)]
    texts = [ast.get_docstring(x) or "" for x in owners]
    about = re.compile(rf"\b{re.escape(rate.arg)}\b.*(?:\n.*)?")
    said = [found[0] for text in texts for found in about.finditer(text)]
    return any(_SAID.search(x) for x in (*around, *said))


def _is_remarked(lines: list[str], function: ast.FunctionDef, name: str) -> bool:
    """Whether a comment in the body names it: its author knows, as where a use was taken out."""
    inside = lines[function.body[0].lineno - 1 : function.end_lineno]
    return any(re.search(rf"#.*\b{re.escape(name)}\b", line) for line in inside)


def _is_stub(function: Function) -> bool:
    """Whether it only raises, or does nothing."""
    return all(
        isinstance(x, (ast.Raise, ast.Pass))
        or (isinstance(x, ast.Expr) and isinstance(x.value, ast.Constant))
        for x in function.body
    )


def _is_handed_around(info: ClassInfo) -> bool:
    """Whether it, or a class below it, is built with arguments that others take too."""
    below = [one for one in family(info) if any(x.node is info.node for x in one.lineage())]
    for one in below:
        name = one.node.name
        files = {one.file, *one.file.project.mentioning(name)}
        if any(_is_value(file, name) for file in files):
            return True
    return False


def _is_value(file: SourceFile, wanted: str) -> bool:
    """Whether a file uses a class of this name as a value."""
    for name in file.nodes(ast.Name):
        if name.id != wanted or not isinstance(name.ctx, ast.Load):
            continue
        above = file.parent(name)
        called = isinstance(above, ast.Call) and above.func is name
        if not called and isinstance(above, _TAKES_VALUES) and not _is_super(above):
            return True
    return False


def _is_super(node: ast.AST) -> bool:
    function = getattr(node, "func", None)
    return isinstance(function, ast.Name) and function.id in ("super", "isinstance", "issubclass")


def _is_required(info: ClassInfo, name: str) -> bool:
    """Whether a base class takes it too."""
    bases = [one for one in info.lineage() if one.node is not info.node]
    constructors = [x for one in bases for x in _constructors(one.node)]
    return any(arg.arg == name for x in constructors for arg, _ in parameters(x.args))


RULE = Rule(
    id="DRP303",
    name="rate-argument-ignored",
    severity="warning",
    why="Setting the rate changes nothing, and a search over it compares noise.",
    advice="Use the rate, or take the parameter out.",
    page=__doc__,
    check=_check,
)
