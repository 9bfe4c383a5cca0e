"""A schedule of the rate reaches no layer.

## What

A number on a module that is called like a rate, such as `model.drop_rate`, was changed while
training; no layer's rate has changed, and no method but the constructor reads that number.

## Why

The constructor has handed the number on to the layers, once. Changing it later changes nothing, and
the run is reported as one with a schedule.

## Example

```python
for epoch in range(10):
    model.drop_rate = 0.3 * (1 - epoch / 10)
    train_one_epoch(model)
```

## Instead

```python
for epoch in range(10):
    torchdrop.surgery.set_p_(model, 0.3 * (1 - epoch / 10))
    train_one_epoch(model)
```

## Known problems

If any class in the model names the attribute in a method, the rule is silent, as a forward may take
it. Numbers in a `config`, and rates that a compiled graph has baked in, are not looked at.

## References

keras-team/keras-cv#176 (a rate baked into the graph) and mlcommons/algorithmic-efficiency#875.
"""

from __future__ import annotations

from .._rule import Rule

RULE = Rule(
    id="DRP409",
    name="schedule-without-effect",
    severity="warning",
    why="The rate of the layers stays as it was built, whatever the schedule says.",
    advice="Set the rate of the layers, as torchdrop.surgery does with schedules and set_p.",
    page=__doc__,
)
