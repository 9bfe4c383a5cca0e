"""vmap runs into live dropout.

## What

`torch.vmap` refused to run a model because dropout in it draws random numbers.

## Why

With a batch of models or inputs, torch cannot know whether each shall have its own mask or all the
same, so it stops. Its message does not say which layers draw.

## Example

```python
model.train()
outputs = torch.vmap(run, in_dims=(0, 0, None))(parameters, buffers, x)
```

## Instead

```python
model.train()
outputs = torch.vmap(run, in_dims=(0, 0, None), randomness="different")(parameters, buffers, x)
```

## Known problems

It explains an error that torch raises, and finds nothing by itself. Python 3.11 and later show it
as a note on the error.

## References

The documentation of `torch.vmap` under `randomness`; pytorch/functorch#996, pytorch/rl#1935.
"""

from __future__ import annotations

from .._rule import Rule

RULE = Rule(
    id="DRP410",
    name="vmap-needs-randomness",
    severity="advice",
    why="torch cannot know whether each member shall have its own mask or all the same.",
    advice="Give vmap randomness='different' or 'same', or put the model into evaluation mode.",
    page=__doc__,
)
