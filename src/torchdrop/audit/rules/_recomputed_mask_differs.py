"""Recomputation draws another mask than the forward.

## What

In the backward pass a part of the model with live dropout ran again, in a random state in which it
was not in any forward of that step.

## Why

Checkpointing saves memory by running a part twice. If the second run drops other units, the
gradient belongs to another function than the loss: training goes on, and learns worse.

## Example

```python
class Recomputed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, block, x):
        ctx.block = block
        ctx.save_for_backward(x)
        return block(x)

    @staticmethod
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        x = x.detach().requires_grad_()
        with torch.enable_grad():
            ctx.block(x).backward(gradient)  # another mask
        return None, x.grad
```

## Instead

```python
from torch.utils.checkpoint import checkpoint

y = checkpoint(block, x, use_reentrant=False)  # keeps the random state
```

## Known problems

It is looked at in the first four steps and in three of each 64. Compiled parts, and kernels that
recompute by themselves, are not seen. `checkpoint(preserve_rng_state=False)` is found too; in
source it is DRP112.

## References

openai/guided-diffusion#167, allenai/OLMo-core#828 and pytorch/pytorch#190717 tell of training that
went wrong so; the documentation of `torch.utils.checkpoint` says what is kept.
"""

from __future__ import annotations

from .._rule import Rule

RULE = Rule(
    id="DRP404",
    name="recomputed-mask-differs",
    severity="error",
    why="The gradient belongs to another mask than the loss: training goes on, and learns worse.",
    advice="Use torch.utils.checkpoint, which keeps the random state, or keep it yourself.",
    page=__doc__,
)
