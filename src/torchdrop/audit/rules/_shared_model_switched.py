"""Two names share one model, and the mode of one is set through the other.

## What

`teacher = student` does not copy: `teacher.eval()` puts the student to sleep, too, and then the
student learns.

## Why

A mode belongs to the module, not to the name. Dropout is off in the student from then on, and
teacher and student always agree.

## Example

```python
def distill(student, optimizer, x):
    teacher = student
    student.train()
    teacher.eval()
    target = teacher(x).detach()
    loss = F.mse_loss(student(x), target)
    loss.backward()
    optimizer.step()
```

## Instead

```python
def distill(student, optimizer, x):
    student.eval()
    target = student(x).detach()
    student.train()
    loss = F.mse_loss(student(x), target)
    loss.backward()
    optimizer.step()
```

## Known problems

Names are followed within a function, and attributes that a constructor gives the same model. Two
models that share only some of their modules are not seen.

## References

trl#5862 and #5990.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._rule import Found, Rule
from ..source import Asleep, SourceFile, asleep, flows


def _check(file: SourceFile) -> Iterator[Found]:
    for flow in flows(file):
        for one in asleep(flow):
            if one.is_shared and one.setting.node is not None:
                yield Found(one.setting.node, _message(one))


def _message(one: Asleep) -> str:
    other, name, line = one.setting.name, one.forward.name, one.forward.node.lineno
    return f"`{other}` and `{name}` are one model, which learns in line {line} in evaluation mode."


RULE = Rule(
    id="DRP213",
    name="shared-model-switched",
    severity="error",
    why="A mode belongs to the module, not to the name: the model that learns is asleep.",
    advice="Set the mode between the two runs, or give the teacher a copy with `copy.deepcopy`.",
    page=__doc__,
    check=_check,
)
