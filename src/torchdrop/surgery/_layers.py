"""What both kinds of surgery ask of a layer and do to it."""

from __future__ import annotations

from collections.abc import Iterator

from torch import nn
from torch.nn.modules.dropout import _DropoutNd

from ..errors import SettingError
from ..functional import check_probability


def places(model: nn.Module) -> Iterator[tuple[str, nn.Module]]:
    """Yield the model itself and each of its places with the layer there.

    A layer that is used in two places comes twice; the inside of a block that is used twice comes
    once, for changing it there changes it in both.
    """
    yield "", model
    for site, parent in model.named_modules():
        for name, child in slots(parent):
            yield f"{site}.{name}".lstrip("."), child


def slots(parent: nn.Module) -> list[tuple[str, nn.Module]]:
    """List the names and layers directly inside a module, repetitions included."""
    # `named_children` leaves repetitions out.
    return [(name, child) for name, child in parent._modules.items() if child is not None]


def become(layer: nn.Module, like: nn.Module) -> None:
    """Make `layer` what `like` is, in place: its class and its settings.

    The object stays. So do its mode, its hooks and their handles, its tensors, every place in
    the model that it is used in, and every reference that a list, a schedule or a closure holds:
    a layer put in its place would leave those with one that `model.eval()` no longer reaches.
    """
    layer.__class__ = type(like)
    for name, value in vars(like).items():
        if name not in _BARE:
            setattr(layer, name, value)


_BARE = frozenset(vars(nn.Module()))


def describe(layer: nn.Module) -> str:
    """Show a layer in one line, with the package it comes from."""
    package = type(layer).__module__.split(".")[0]
    text = repr(layer).replace(", inplace=False", "")
    if "\n" in text:
        text = type(layer).__name__
    return f"{package}.nn.{text}" if package in {"torch", "torchdrop"} else text


def oddity(layer: _DropoutNd | nn.MultiheadAttention) -> str | None:
    """Say what keeps a layer from being any other one of its kind, if anything does."""
    if "forward" in vars(layer):
        return "its forward was replaced by hand"
    name = "dropout" if isinstance(layer, nn.MultiheadAttention) else "p"
    p = getattr(layer, name)
    try:
        check_probability(p)
    except SettingError:
        return f"its {name}={p} is no probability of dropping"
    return None
