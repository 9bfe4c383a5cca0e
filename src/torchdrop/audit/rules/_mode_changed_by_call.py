"""A call changes the mode of the model.

## What

A forward left parts of the model in another mode than it found them in; or, while the model was in
evaluation mode, something put dropout layers into it that are in training mode, as new layers are.

## Why

Who called `eval()` expects it to hold. After loading an adapter, or after the first forward, it
does not, and nothing in the caller's code shows it.

## Example

```python
model.eval()
model.load_adapter("adapter")  # new layers come in training mode
predictions = model(x)
```

## Instead

```python
model.load_adapter("adapter")
model.eval()
predictions = model(x)
```

## Known problems

Forwards are compared in the first four steps and three of each 64; parts that neither learn nor
drop are left out, as are frozen ones. A method that switches layers that were there before, such
as `train()` in a library, is not told from one of yours: what follows from it is DRP201.

## References

huggingface/transformers#34469 and dvlab-research/LongLoRA#127.
"""

from __future__ import annotations

from .._rule import Rule

RULE = Rule(
    id="DRP408",
    name="mode-changed-by-call",
    severity="warning",
    why="Whoever called eval() expects it to hold; nothing in the code shows that it does not.",
    advice="Set the mode after the call, or validate inside `with torchdrop.evaluating(model):`.",
    page=__doc__,
)
