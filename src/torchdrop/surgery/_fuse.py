"""Make one layer of an activation and the dropout that directly follows it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from torch import nn

from ..nn import ActivationDropout, Dropout
from ._changes import Change, Changes
from ._layers import become, describe, oddity, places, slots

# Layers whose output is a new tensor that nobody else holds.
_FRESH = frozenset(
    {
        nn.Linear,
        nn.Bilinear,
        nn.Conv1d,
        nn.Conv2d,
        nn.Conv3d,
        nn.ConvTranspose1d,
        nn.ConvTranspose2d,
        nn.ConvTranspose3d,
        nn.BatchNorm1d,
        nn.BatchNorm2d,
        nn.BatchNorm3d,
        nn.LayerNorm,
        nn.GroupNorm,
    }
)


def fuse_(model: nn.Module) -> Changes:
    """Fuse activation and dropout wherever a `Sequential` runs one right after the other.

    The dropout layer becomes an `ActivationDropout` and stays the same object, so that its name
    and whoever holds it still find its p; an `Identity` takes the activation's place, so that
    indices and `state_dict` keys stay.

    Args:
        model: Any module; changed in place.

    Returns:
        Two changes for each fused pair; one entry left alone, at the activation's place, for each
        pair that could not be fused without changing what the model does.
    """
    made: list[Change] = []
    left: list[Change] = []
    uses = Counter(layer for _, layer in places(model))
    for site, parent in model.named_modules():
        if not isinstance(parent, nn.Sequential):
            continue
        prefix = f"{site}." if site else ""
        for name, before, activation, follower, dropout in _pairs(parent):
            here, there = f"{prefix}{name}", f"{prefix}{follower}"
            shown = describe(activation), describe(dropout)
            why = next(_obstacles(parent, before, activation, dropout, uses), None)
            if why is not None:
                left.append(Change(here, shown[0], shown[0], f"not fused with {there}: {why}"))
                continue
            identity = _join(parent, name, activation, dropout)
            made.append(Change(here, shown[0], describe(identity), f"fused into {there}"))
            made.append(Change(there, shown[1], describe(dropout), f"fused with {here}"))
    return Changes(tuple(made), tuple(left))


def _pairs(
    parent: nn.Sequential,
) -> Iterator[tuple[str, nn.Module | None, nn.Module, str, nn.Dropout]]:
    layers = slots(parent)
    before = [None, *(layer for _, layer in layers)]
    for i, (name, layer) in enumerate(layers[:-1]):
        follower, dropout = layers[i + 1]
        plain = type(dropout) is nn.Dropout or type(dropout) is Dropout
        if plain and ActivationDropout.supports(layer):
            yield name, before[i], layer, follower, dropout  # type: ignore[misc]


def _join(
    parent: nn.Sequential, name: str, activation: nn.Module, dropout: nn.Dropout
) -> nn.Identity:
    scale = dropout.scale if isinstance(dropout, Dropout) else "train"
    become(dropout, ActivationDropout(activation, dropout.p, scale=scale))
    identity = nn.Identity().train(activation.training)
    parent.register_module(name, identity)
    return identity


def _obstacles(
    parent: nn.Sequential,
    before: nn.Module | None,
    activation: nn.Module,
    dropout: nn.Dropout,
    uses: Counter[nn.Module],
) -> Iterator[str]:
    if not _runs_in_order(parent):
        yield f"{type(parent).__name__} has a forward of its own"
    for what, layer in (("activation", activation), ("dropout", dropout)):
        if _has_hooks(layer):
            yield f"the {what} has hooks"
        if uses[layer] > 1:
            yield f"the {what} is used in another place too"
    if "forward" in vars(activation):
        yield "its forward was replaced by hand"
    if activation._parameters or activation._buffers or activation._modules:
        yield "the activation was given tensors or layers"
    if odd := oddity(dropout):
        yield f"dropout: {odd}"
    if getattr(activation, "inplace", False) and not _gives_fresh_output(before):
        yield "it writes into a tensor that others may hold"


def _runs_in_order(parent: nn.Sequential) -> bool:
    kind = type(parent)
    own = kind.forward is nn.Sequential.forward and kind.__iter__ is nn.Sequential.__iter__
    return own and "forward" not in vars(parent)


def _gives_fresh_output(layer: nn.Module | None) -> bool:
    if layer is None or type(layer) not in _FRESH:
        return False
    return "forward" not in vars(layer) and not _has_hooks(layer)


def _has_hooks(layer: nn.Module) -> bool:
    return any(value for name, value in vars(layer).items() if name.endswith("_hooks"))
