"""Recurrent dropout has no effect.

## What

`torch.nn.LSTM`, `GRU` or `RNN` has one layer and a `dropout` above 0.

## Why

Torch drops between the layers of a stack, not between time steps, and never behind the last one.
With one layer there is no such place: nothing is dropped, in both directions as in one.

## Example

```python
rnn = nn.LSTM(8, 16, num_layers=1, dropout=0.3)
```

## Instead

```python
rnn = nn.LSTM(8, 16, num_layers=1)
drop = nn.Dropout(0.3)
```

## Known problems

Only constants are judged: where the depth or the rate is a parameter, source alone cannot tell.
Torch itself warns when such a layer is built, which many programs silence.

## References

Dropout behind the output of the layer, or `torchdrop.nn.VariationalLSTM`, which drops between time
steps as well (Gal and Ghahramani 2016). pytorch/pytorch#5985.
"""

from __future__ import annotations

from collections.abc import Iterator

from .._rule import Found, Rule
from ..source import SourceFile, argument, number

_RATE = {"torch.nn.LSTM": 5, "torch.nn.GRU": 5, "torch.nn.RNN": 6}


def _check(file: SourceFile) -> Iterator[Found]:
    for call, callee in file.calls(*_RATE):
        rate = argument(call, "dropout", _RATE[callee.name], callee)
        depth = argument(call, "num_layers", 2, callee)
        p = None if rate.value is None else number(file, rate.value)
        layers = None if depth.value is None else number(file, depth.value)
        if not p or not (depth.is_missing or layers == 1.0):
            continue
        kind = callee.name.rpartition(".")[2]
        said = "has one layer by default" if depth.is_missing else "has one layer"
        yield Found(call, f"`{kind}` {said}, so `dropout={p:g}` drops nothing.")


RULE = Rule(
    id="DRP304",
    name="recurrent-dropout-without-effect",
    severity="warning",
    why="Torch drops between the layers of a recurrent stack, and one layer has no between.",
    advice="Put a `torch.nn.Dropout` behind it, use a `VariationalLSTM`, or add a layer.",
    page=__doc__,
    check=_check,
)
