"""Dropout is active in evaluation, for a cause that no other rule names.

## What

A forward in evaluation mode sets numbers to 0 at random: by a mask that is made by hand without
asking for the mode, or by a layer that is in training mode after `model.eval()`.

## Why

Predictions change from call to call, and what is measured on validation data is measured with
dropout on.

## Example

```python
class Noisy(nn.Module):
    def forward(self, x):
        return x * (torch.rand_like(x) > 0.2) / 0.8
```

## Instead

```python
class Noisy(nn.Module):
    def forward(self, x):
        if not self.training:
            return x
        return x * (torch.rand_like(x) > 0.2) / 0.8
```

## Known problems

Only a model that runs on an example can break this rule. A mask counts if it has two values, is
computed from random numbers alone, and leaves zeros where it is put on a tensor; other noise is
`DRP402`. Masks that are wanted at inference, as in masked autoencoders that multiply by them, are
reported too.

## References

PICK-pytorch and speechbrain had evaluation that was not deterministic: wenwenyu/PICK-pytorch
#77, speechbrain/speechbrain#2888.
"""

from .._rule import Rule

RULE = Rule(
    id="DRP401",
    name="dropout-active-in-evaluation",
    severity="warning",
    why="Predictions are random, and validation is measured with dropout on.",
    advice="Make what drops ask for `self.training`, or use a `torch.nn.Dropout` layer.",
    page=__doc__,
)
