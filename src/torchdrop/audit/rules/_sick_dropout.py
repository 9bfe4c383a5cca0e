"""A dropout layer is no inverted dropout.

## What

`watching.examine(model)` has put each dropout layer that neither torch nor torchdrop has written
through `torchdrop.testing.check_dropout`, and one keeps another share than it says, does not scale,
draws no new masks, has another mask in its gradient, or changes its input in evaluation.

## Why

Evaluation uses all units, and fits training only if what is kept is divided by `1 - p`. Without it,
the means in training are `1 - p` of those in evaluation, and batch normalization remembers the
wrong ones.

## Example

```python
class MyDropout(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        return x * (torch.rand_like(x) > self.p)
```

## Instead

```python
class MyDropout(nn.Module):
    def __init__(self, p):
        super().__init__()
        self.p = p

    def forward(self, x):
        if not self.training:
            return x
        return x * (torch.rand_like(x) > self.p) / (1 - self.p)
```

## Known problems

It runs on request only. Layers are told by their name and rate (see `find_sites`); a mask that is
made in the middle of a forward is no layer, and not examined. Layers whose name says that they drop
groups, such as `DropPath`, are examined for fresh masks and for evaluation alone.

## References

NVIDIA/apex#816 and allenai/OLMo-core#826: dropout that scaled or drew wrongly, in use for long.
`torchdrop.testing.check_dropout` does all checks.
"""

from __future__ import annotations

from .._rule import Rule

RULE = Rule(
    id="DRP405",
    name="sick-dropout",
    severity="error",
    why="Training and evaluation see other means or masks than the weights were learned for.",
    advice="Use torch.nn.Dropout; torchdrop.testing.check_dropout tells more of this one.",
    page=__doc__,
)
