"""Masks repeat from step to step.

## What

Before the training forwards of three steps in a row, torch's random state was the same, and the
forwards drew from it: each step drops the same units.

## Why

Dropout trains many thinned networks and averages them. With one mask for all steps a single one is
trained: the dropped units never learn, and the kept ones are never without each other.

## Example

```python
for x, y in batches:
    torch.manual_seed(0)
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
```

## Instead

```python
torch.manual_seed(0)
for x, y in batches:
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
```

## Known problems

Only the random state is compared, in the first four steps and in three of each 64: a mask that a
recorded CUDA graph plays back, or that a kernel draws from a seed of its own, is not seen. Masks
that shall repeat belong into `torchdrop.modes.same_masks`, which is silent. DRP113 finds the same
mistake in source.

## References

PaddlePaddle/Paddle#7796 and pytorch/pytorch#84614 tell of masks that repeat.
"""

from __future__ import annotations

from .._rule import Rule

RULE = Rule(
    id="DRP403",
    name="masks-repeat",
    severity="error",
    why="With one mask for all steps, the dropped units never learn.",
    advice="Seed once, before the loop.",
    page=__doc__,
)
