"""Swap torch's dropout layers for torchdrop's."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from ..nn import (
    AlphaDropout,
    Dropout,
    Dropout1d,
    Dropout2d,
    Dropout3d,
    FeatureAlphaDropout,
    MultiheadAttention,
)
from ._changes import Change, Changes
from ._fuse import fuse_
from ._layers import become, describe, oddity, places
from ._trial import check_model, shadow

M = TypeVar("M", bound=nn.Module)

_OURS: dict[type[nn.Module], type[nn.Module]] = {
    nn.Dropout: Dropout,
    nn.Dropout1d: Dropout1d,
    nn.Dropout2d: Dropout2d,
    nn.Dropout3d: Dropout3d,
    nn.AlphaDropout: AlphaDropout,
    nn.FeatureAlphaDropout: FeatureAlphaDropout,
    nn.MultiheadAttention: MultiheadAttention,
}


def convert_(model: nn.Module, *, fuse: bool = False, dry_run: bool = False) -> Changes:
    """Make every dropout layer of torch's in `model` the torchdrop layer of that name, in place.

    That is `Dropout`, `Dropout1d`, `Dropout2d`, `Dropout3d`, `AlphaDropout`, `FeatureAlphaDropout`
    and `MultiheadAttention`, whose attention probabilities are dropped. Names, p, mode, hooks and
    `state_dict` keys stay, what wrote into its input still does, and the layer objects themselves
    stay, so that one layer used twice is still one layer and references to it stay valid.
    Evaluation gives the same bits as before; training draws other masks, from the same rate.
    A second call changes nothing.

    Layers that drop channels take inputs with a batch alone from then on, and refuse others by an
    error: torch takes some of those for one sample, others for features, by their rank.

    Args:
        model: Any module; one that is itself a dropout layer included.
        fuse: Whether an activation directly followed by dropout, inside `torch.nn.Sequential`,
            becomes one layer: `ActivationDropout` in the place of the dropout, and an `Identity`
            in the place of the activation. Names and masks stay. Not for models that take layers
            out of their `Sequential` and call them one by one: what comes out of the
            activation's place is not activated anymore.
        dry_run: Whether to say what would be changed, and change nothing.

    Returns:
        What was changed, and which dropout was left alone and why: subclasses of torch's layers,
        dropout inside recurrent layers, pairs that could not be fused.

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
    check_model(model)
    if dry_run:
        return convert_(shadow(model), fuse=fuse)
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
    swaps: dict[nn.Module, nn.Module] = {}
    first: dict[nn.Module, str] = {}
    for site, layer in places(model):
        before, why = describe(layer), _why_left(layer)
        if why is not None:
            left.append(Change(site, before, before, why))
        elif type(layer) in _OURS:
            again = f"; one layer with {first[layer]}" if layer in first else ""
            swaps[layer], first[layer] = _counterpart(layer), first.get(layer, site)
            why = f"torchdrop's masks{again}"
            made.append(Change(site, before, describe(swaps[layer]), why))
    for layer, like in swaps.items():
        become(layer, like)
    return Changes(tuple(made), tuple(left))


def _counterpart(layer: Any) -> nn.Module:
    """Build torchdrop's layer with the settings of torch's."""
    kind: Any = _OURS[type(layer)]
    if kind is MultiheadAttention:
        # Its settings are torch's, and it has weights, which are not to be made anew.
        like = copy.copy(layer)
        like.__class__ = kind
        return like  # type: ignore[no-any-return]
    # Torch ignores the flag where it drops to a value other than 0; ours would write.
    inplace = layer.inplace and kind not in (AlphaDropout, FeatureAlphaDropout)
    return kind(layer.p, inplace)  # type: ignore[no-any-return]


def _why_left(layer: nn.Module) -> str | None:
    if isinstance(layer, tuple(_OURS.values())):
        return None
    if type(layer) in _OURS:
        return oddity(layer)  # type: ignore[arg-type]
    if isinstance(layer, nn.RNNBase) and layer.dropout > 0:
        return f"its dropout={layer.dropout} is a number inside torch's kernel, not a layer"
    if isinstance(layer, _DropoutNd) or (
        isinstance(layer, nn.MultiheadAttention) and layer.dropout > 0
    ):
        return "a subclass of torch's layer, which may do something else"
    return None
