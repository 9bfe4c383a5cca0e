"""Channel-wise dropout gets a shape it does not understand.

## What

`Dropout1d`, `Dropout2d` or `Dropout3d` comes behind a layer whose result has other axes: features,
tokens, or another number of dimensions.

## Why

The channel axis is found by counting. `Dropout1d` reads (batch, features) as one sample of
channels, and `Dropout3d` reads (batch, channel, height, width) likewise: whole samples become 0,
without a word from torch. Behind an embedding, (batch, token, feature), whole tokens do.

## Example

```python
net = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Dropout3d(0.2), nn.Conv2d(16, 1, 3))
```

## Instead

```python
net = nn.Sequential(nn.Conv2d(3, 16, 3), nn.ReLU(), nn.Dropout2d(0.2), nn.Conv2d(16, 1, 3))
```

## Known problems

Whether tokens or features are meant behind an embedding or a `Linear`, only the author knows: these
are warnings. `Dropout2d` on sequences of channels does what `Dropout1d` does, so it is advice.

## References

pytorch/pytorch#77081, #69801 and #22879.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .._finding import Severity
from .._rule import Found, Rule
from ..source import ACTIVATIONS, BATCH_NORMS, DROPOUTS, Layer, SourceFile, chains, number

_WANTED = {"Dropout1d": 3, "Dropout2d": 4, "Dropout3d": 5}
_KEEP = (ACTIVATIONS | DROPOUTS | BATCH_NORMS | {"LayerNorm"}) - {"GLU"}
_AXES = {
    **{f"{kind}{n}d": n + 2 for kind in ("Conv", "ConvTranspose") for n in (1, 2, 3)},
    **{"BatchNorm2d": 4, "BatchNorm3d": 5},
}


def _check(file: SourceFile) -> Iterator[Found]:
    seen: set[ast.AST] = set()
    for chain in chains(file):
        for i, layer in enumerate(chain.layers):
            if layer.kind not in _WANTED or not layer.is_dropout or layer.node in seen:
                continue
            found = _judge(layer, _source(chain.layers[:i]))
            if found is not None:
                seen.add(layer.node)
                yield found


def _source(before: tuple[Layer, ...]) -> Layer | None:
    """The layer that decides the shape."""
    for layer in reversed(before):
        if layer.kind in _AXES or layer.kind not in _KEEP:
            return layer
    return None


def _judge(layer: Layer, source: Layer | None) -> Found | None:
    name = layer.kind or ""
    if source is None:
        return None
    if source.kind == "Flatten" and _is_flat(source):
        severity: Severity = "error" if name == "Dropout1d" else "warning"
        what = "whole samples are dropped" if name == "Dropout1d" else "there are no channels"
        return Found(layer.node, f"`{name}` gets (batch, features): {what}.", severity=severity)
    if source.kind in ("Linear", "Embedding"):
        what = (
            "behind `Linear`, features are the last axis"
            if source.kind == "Linear"
            else ("behind `Embedding`, whole tokens are dropped")
        )
        return Found(layer.node, f"`{name}` looks for channels at another axis: {what}.")
    axes, wanted = _AXES.get(source.kind or "", 0), _WANTED[name]
    if not axes or axes == wanted:
        return None
    message = f"`{name}` expects {wanted} dimensions, and `{source.kind}` gives {axes}"
    if axes == wanted - 1 and wanted == 5:
        return Found(layer.node, f"{message}: whole samples are dropped.", severity="error")
    keeps_axis = name == "Dropout2d" and axes in (3, 5)
    return Found(layer.node, f"{message}.", severity="advice" if keeps_axis else "warning")


def _is_flat(layer: Layer) -> bool:
    """Whether everything but the batch becomes one axis."""
    start, end = layer.argument("start_dim", 0), layer.argument("end_dim", 1)
    is_layer = layer.call is not None and not layer.is_function and not _is_method(layer)
    first = 1.0 if start.is_missing and is_layer else None
    if start.value is not None:
        first = number(layer.file, start.value)
    return first == 1.0 and end.is_missing


def _is_method(layer: Layer) -> bool:
    function = layer.call.func if layer.call else None
    return isinstance(function, ast.Attribute) and function.attr == "flatten"


RULE = Rule(
    id="DRP309",
    name="channel-dropout-shape",
    severity="warning",
    why="The channel axis is found by counting dimensions: with others, something else is dropped.",
    advice="Use `torch.nn.Dropout`, the layer for this number of dimensions, or turn the axes.",
    page=__doc__,
    check=_check,
)
