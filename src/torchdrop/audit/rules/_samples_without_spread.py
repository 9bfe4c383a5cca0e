"""Monte Carlo samples do not differ.

## What

Somebody has put a model into evaluation mode and some dropout in it back into training mode, as one
does to draw samples; and three forwards in a row of one input gave the same.

As advice: ten forwards in a row of one input gave the same in a model whose dropout is all off.

## Why

The spread of the samples is taken for uncertainty, and it is zero: a model that is never unsure.

## Example

```python
model.eval()
for module in model.modules():
    if isinstance(module, nn.Dropout):  # misses Dropout2d, nn.LSTM, attention, functional calls
        module.train()
samples = torch.stack([model(x) for _ in range(20)])
```

## Instead

```python
with torchdrop.sampling(model), torch.no_grad():
    samples = torch.stack([model(x) for _ in range(20)])
```

## Known problems

Some 4,000 elements of the first tensor in the output are compared. Samples that repeat the input in
one batch, and inputs made anew for each forward, are not seen. Ten equal forwards may be a
benchmark.

## References

TiagoCortinhal/SalsaNext#40, unit8co/darts#2312 and keras-team/keras#8907 tell of a variance of
zero.
"""

from __future__ import annotations

from .._rule import Rule

RULE = Rule(
    id="DRP406",
    name="samples-without-spread",
    severity="error",
    why="The spread of the samples stands for uncertainty, and it is zero.",
    advice="Draw samples inside `with torchdrop.sampling(model):`, which reaches all dropout.",
    page=__doc__,
)
