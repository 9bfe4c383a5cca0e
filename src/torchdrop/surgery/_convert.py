"""Swap torch's dropout layers for torchdrop's."""

from __future__ import annotations

import copy
from typing import TypeVar

from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from ..errors import ModelError
from ..nn import Dropout
from ._changes import Change, Changes
from ._fuse import fuse_
from ._layers import become, describe, oddity, places

M = TypeVar("M", bound=nn.Module)


def convert_(model: nn.Module, *, fuse: bool = False) -> Changes:
    """Make every `torch.nn.Dropout` in `model` a `torchdrop.nn.Dropout`, in place.

    Names, p, in-placeness, mode, hooks and `state_dict` keys stay, and so do the layer objects
    themselves, so that one layer used twice is still one layer and references to it stay valid.
    Evaluation gives the same bits as before; training draws other masks, from the same rate.
    A second call changes nothing.

    Args:
        model: Any module; one that is itself a dropout layer included.
        fuse: Whether an activation directly followed by dropout, inside `torch.nn.Sequential`,
            becomes one layer: `ActivationDropout` in the place of the dropout, and an `Identity`
            in the place of the activation. Names and masks stay. Not for models that take layers
            out of their `Sequential` and call them one by one: what comes out of the
            activation's place is not activated anymore.

    Returns:
        What was changed, and which dropout was left alone and why: other kinds of torch's
        dropout, dropout inside attention and recurrent layers, pairs that could not be fused.

    Raises:
        ModelError: If `model` is no `torch.nn.Module`.

    Example:
        >>> from torch import nn
        >>> model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Dropout(0.2))
        >>> len(convert_(model)), type(model[2])
        (1, <class 'torchdrop.nn._dropout.Dropout'>)
        >>> len(convert_(model))
        0
    """
    if not isinstance(model, nn.Module):
        raise ModelError(f"A model is an instance of torch.nn.Module; got {type(model).__name__}.")
    fused = fuse_(model) if fuse else Changes()
    swapped = _swap_(model)
    order = {site: i for i, (site, _) in enumerate(model.named_modules(remove_duplicate=False))}

    def ordered(*changes: Change) -> tuple[Change, ...]:
        return tuple(sorted(changes, key=lambda change: order[change.site]))

    return Changes(ordered(*fused.made, *swapped.made), ordered(*fused.left, *swapped.left))


def convert(model: M, *, fuse: bool = False) -> M:
    """Copy `model` with torchdrop's dropout layers in place of torch's; see `convert_`.

    Args:
        model: Any module; left as it is.
        fuse: Whether to fuse activations with dropout, as in `convert_`.

    Returns:
        A deep copy, converted.

    Raises:
        ModelError: If `model` is no `torch.nn.Module`.

    Example:
        >>> from torch import nn
        >>> convert(nn.Sequential(nn.ReLU(), nn.Dropout(0.2)), fuse=True)
        Sequential(
          (0): Identity()
          (1): ActivationDropout(activation='relu', p=0.2, inplace=False)
        )
    """
    copied = copy.deepcopy(model)
    convert_(copied, fuse=fuse)
    return copied


def _swap_(model: nn.Module) -> Changes:
    made: list[Change] = []
    left: list[Change] = []
    swaps: dict[nn.Module, Dropout] = {}
    first: dict[nn.Module, str] = {}
    for site, layer in places(model):
        before, why = describe(layer), _why_left(layer)
        if why is not None:
            left.append(Change(site, before, before, why))
        elif type(layer) is nn.Dropout:
            again = f"; one layer with {first[layer]}" if layer in first else ""
            swaps[layer], first[layer] = Dropout(layer.p, layer.inplace), first.get(layer, site)
            why = f"torchdrop's masks{again}"
            made.append(Change(site, before, describe(swaps[layer]), why))
    for layer, like in swaps.items():
        become(layer, like)
    return Changes(tuple(made), tuple(left))


def _why_left(layer: nn.Module) -> str | None:
    if isinstance(layer, Dropout):
        return None
    if type(layer) is nn.Dropout:
        return oddity(layer)
    if isinstance(layer, nn.Dropout):
        return "a subclass of torch's layer, which may do something else"
    if isinstance(layer, _DropoutNd):
        return f"torchdrop has no {type(layer).__name__} yet"
    if isinstance(layer, (nn.MultiheadAttention, nn.RNNBase)) and layer.dropout > 0:
        return f"its dropout={layer.dropout} is a number inside torch's kernel, not a layer"
    return None
