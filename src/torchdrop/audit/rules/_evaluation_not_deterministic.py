"""Evaluation is not deterministic.

## What

Two forwards in evaluation mode give different outputs for one input, or one of them draws random
numbers, and it is no dropout.

## Why

A prediction that changes from call to call cannot be checked, and a metric measured with it has
noise that looks like progress. Also a draw without effect on the output moves the generator, so
that what comes after it depends on how often the model was evaluated.

## Example

```python
class Encoder(nn.Module):
    def forward(self, x):
        mean, scale = self.moments(x).chunk(2, -1)
        return mean + scale * torch.randn_like(scale)
```

## Instead

```python
class Encoder(nn.Module):
    def forward(self, x):
        mean, scale = self.moments(x).chunk(2, -1)
        return mean + scale * torch.randn_like(scale) if self.training else mean
```

## Known problems

Only a model that runs on an example can break this rule. Where a function is seen to draw, the
finding is advice: variational and masked autoencoders, diffusion and flows sample on purpose. It is
a warning where outputs differ and nothing was seen to draw: a compiled kernel, a state that
changes, or memory that nobody wrote. Differences that rounding on many threads explains do not
count.

## References

wenwenyu/PICK-pytorch#77, speechbrain/speechbrain#2888.
"""

from .._rule import Rule

RULE = Rule(
    id="DRP402",
    name="evaluation-not-deterministic",
    severity="warning",
    why="A metric measured on random predictions has noise that looks like progress.",
    advice="Draw random numbers only `if self.training`, or from a generator that is an argument.",
    page=__doc__,
)
