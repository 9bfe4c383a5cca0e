"""An optimizer's closure has other masks at each call.

## What

An optimizer called its closure several times in one step, and each forward drew other masks. A
warning for `torch.optim.LBFGS`; advice for others, as some want it so.

## Why

LBFGS learns the curvature from differences of gradients, and its line search compares losses. Other
masks make another function each time: what is compared is the noise.

## Example

```python
def closure():
    optimizer.zero_grad()
    loss = F.mse_loss(model(x), y)
    loss.backward()
    return loss


optimizer = torch.optim.LBFGS(model.parameters())
optimizer.step(closure)
```

## Instead

```python
optimizer = torch.optim.LBFGS(model.parameters())
with torchdrop.modes.same_masks(model, seed=step):
    optimizer.step(closure)
```

## Known problems

Only closures that are given to `step` are seen. An optimizer that runs the model outside of its
`step`, as many versions of SAM do, is not.

## References

pytorch/functorch#408 asks for fixed masks in a line search.
"""

from __future__ import annotations

from .._rule import Rule

RULE = Rule(
    id="DRP407",
    name="stochastic-closure",
    severity="warning",
    why="Curvature and line search compare losses of other masks, so they follow the noise.",
    advice="Run each step inside `with torchdrop.modes.same_masks(model, seed):`, with a new seed.",
    page=__doc__,
)
