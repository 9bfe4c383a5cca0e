"""Parts of a model are in different modes.

## What

A model is in training mode, and all dropout in one of its parts is in evaluation mode, or the other
way round.

## Why

`model.training` tells of the outermost module only. A part that was loaded in evaluation mode (as
`from_pretrained` of transformers returns it) trains without its dropout until somebody calls
`train()` on the whole.

## Example

```python
encoder = AutoModel.from_pretrained("some/model")
model = nn.ModuleDict({"encoder": encoder, "head": nn.Linear(768, 2)})
assert model.training and not encoder.training
```

## Instead

```python
encoder = AutoModel.from_pretrained("some/model")
model = nn.ModuleDict({"encoder": encoder, "head": nn.Linear(768, 2)}).train()
```

## Known problems

Parts in evaluation mode can be wanted, as for a frozen backbone: it is advice, and silent where the
part is frozen. Only a model shows it: no source is looked at.

## References

Lightning-AI/pytorch-lightning#19820, #20105, #20573 and #20986.
"""

from __future__ import annotations

from .._rule import Rule

RULE = Rule(
    id="DRP212",
    name="mixed-modes",
    severity="advice",
    why="`model.training` tells of the outermost module only: a part may train without dropout.",
    advice="Call `train()` or `eval()` on the whole model, then on parts that shall differ.",
    page=__doc__,
)
