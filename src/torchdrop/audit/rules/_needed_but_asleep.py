"""Two views of one input are equal, since dropout is asleep.

## What

A model in evaluation mode is run twice on the same input, and a loss compares both results.

## Why

SimCSE, R-Drop and consistency losses take dropout as their augmentation. In evaluation mode both
views are equal, the loss has nothing to tell apart, and nothing is learned from it.

## Example

```python
def step(encoder, optimizer, x):
    encoder.eval()
    z1, z2 = encoder(x), encoder(x)
    loss = F.mse_loss(z1, z2)
    loss.backward()
    optimizer.step()
```

## Instead

```python
def step(encoder, optimizer, x):
    encoder.train()
    z1, z2 = encoder(x), encoder(x)
    loss = F.mse_loss(z1, z2)
    loss.backward()
    optimizer.step()
```

## Known problems

It is an error where backward follows, and a warning where only a name says that it is a loss.
A model that draws random numbers of its own in evaluation is not told from others.

## References

SimCSE#35, sentence-transformers#1139.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._finding import Severity
from .._rule import Found, Rule
from ..source import (
    Flow,
    Forward,
    SourceFile,
    flows,
    is_meant,
    is_unit_test,
    name_of_result,
    text_of,
    walk,
    words,
)

_LOSS = {"loss", "losses", "objective", "criterion", "nce", "kl", "contrastive"}
_SAME = ("allclose", "equal", "assert", "isclose", "max_diff")


def _check(file: SourceFile) -> Iterator[Found]:
    for flow in flows(file):
        if is_unit_test(file, flow.node):
            continue
        for first, second in _pairs(flow):
            severity = _compared(flow, first, second)
            if severity is not None and not is_meant(file, second.node):
                name = second.name
                message = f"`{name}` is asleep, so this run gives what the one before gave."
                yield Found(second.node, message, severity=severity)


def _pairs(flow: Flow) -> Iterator[tuple[Forward, Forward]]:
    """Runs of one sleeping model on one input, one after the other."""
    for first, second in zip(flow.forwards, flow.forwards[1:], strict=False):
        modes = {s.mode for s in first.modes | second.modes}
        alike = first.key == second.key and ast.dump(first.node) == ast.dump(second.node)
        on = "off" not in (first.gradient, second.gradient)
        asleep = modes == {"eval"} and not first.parts and not second.parts
        if alike and on and asleep and not _changes_between(flow, first, second):
            yield first, second


def _changes_between(flow: Flow, first: Forward, second: Forward) -> bool:
    """Whether the input or the model may be another one for the second run."""
    file, given = flow.file, {text_of(x) for x in walk(second.node)} - {None}
    one, two = file.statement_of(first.node), file.statement_of(second.node)
    if one is two:
        return False
    for node in walk(flow.node):
        place = (getattr(node, "lineno", 0), getattr(node, "col_offset", 0))
        if not (one.end_lineno or 0, one.end_col_offset or 0) <= place < (two.lineno, 0):
            continue
        named = isinstance(node, (ast.Name, ast.Attribute)) and text_of(node) in given
        stored = isinstance(getattr(node, "ctx", None), ast.Store)
        if named and (stored or text_of(node) == second.name):
            return True
    return False


def _compared(flow: Flow, first: Forward, second: Forward) -> Severity | None:
    """Whether a loss compares both: an error if it is certain."""
    both = _users(flow, first, second)
    if not both or any(same in ast.unparse(node) for node in both for same in _SAME):
        return None
    if first.learns and second.learns:
        return "error"
    said = {word for node in both for word in _said(flow.file, node)} | words(flow.name)
    return "warning" if said & _LOSS else None


def _users(flow: Flow, first: Forward, second: Forward) -> list[ast.expr]:
    """Expressions that both results are in, by their names or by themselves."""
    around = [x for x in flow.file.ancestors(second.node) if isinstance(x, ast.Call)]
    inside = [x for x in around if any(y is first.node for y in walk(x))]
    names = {name_of_result(flow.file, first), name_of_result(flow.file, second)}
    if inside or len(names) != 2 or None in names:
        return list(inside[:1])
    return [
        node
        for node in walk(flow.node)
        if isinstance(node, (ast.Call, ast.BinOp)) and names <= {text_of(x) for x in walk(node)}
    ]


def _said(file: SourceFile, node: ast.AST) -> set[str]:
    """Words of a call, and of the variable that it is assigned to."""
    statement = file.statement_of(node)
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    texts = [text_of(x) or "" for x in targets]
    texts.append(text_of(node.func) or "" if isinstance(node, ast.Call) else "")
    return {word for text in texts for word in words(text)}


RULE = Rule(
    id="DRP214",
    name="dropout-needed-but-asleep",
    severity="error",
    why="Both views are equal in evaluation mode: the loss has nothing to tell apart.",
    advice="Call `train()` before, so that each run draws a mask of its own.",
    page=__doc__,
    check=_check,
)
