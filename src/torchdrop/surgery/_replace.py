"""Put other layers in the place of those chosen by name, pattern or class."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import TypeAlias, TypeVar

from torch import nn

from ..errors import ModelError, SettingError
from ._changes import Change, Changes
from ._fuse import _has_hooks
from ._layers import describe, places
from ._select import select
from ._trial import check_model

M = TypeVar("M", bound=nn.Module)
LayerFactory: TypeAlias = Callable[[nn.Module], nn.Module]
"""Called with the layer that is there; gives the one that shall be."""

Chosen: TypeAlias = Mapping[str | type[nn.Module], LayerFactory]
"""What to replace: a name, a pattern of names, or a class, and by what."""


def replace_(model: nn.Module, factories: Chosen, *, dry_run: bool = False) -> Changes:
    """Put new layers in the place of those that names, patterns or classes choose, in place.

    A layer that is used in two places becomes one new layer, used in both. The new layer takes the
    mode of the old one. Where both have parameters or buffers of the same names and shapes, the
    values are taken over; the record says which `state_dict` keys come and go otherwise.

    Args:
        model: Any module, in which layers are replaced; it cannot be replaced itself.
        factories: For each name (`"head.drop"`), pattern (`"encoder.*.drop"`) or class (`nn.ReLU`,
            exactly that class), a function of the old layer that gives the new one. The first key
            that means a layer counts. Called once for each layer, also with `dry_run`.
        dry_run: Whether to say what would be changed, and change nothing.

    Returns:
        What was changed, and the chosen layers that were left alone since they have hooks.

    Raises:
        ModelError: If `model` is no module, or a factory gives none; nothing is changed then.
        SettingError: If a key means no layer of the model.

    Example:
        >>> from torchdrop.nn import GaussianDropout
        >>> model = nn.Sequential(nn.Linear(4, 3), nn.ReLU(), nn.Dropout(0.2))
        >>> print(replace_(model, {nn.Dropout: lambda old: GaussianDropout(old.p)}))
        site  before                   after                                why
        2     torch.nn.Dropout(p=0.2)  torchdrop.nn.GaussianDropout(p=0.2)  asked for
    """
    check_model(model)
    made: list[Change] = []
    left: list[Change] = []
    news: dict[nn.Module, nn.Module] = {}
    chosen = [place for place in places(model) if place[1] is not model]
    for i, factory in select(factories, chosen, "layers"):
        site, old = chosen[i]
        before = describe(old)
        if _has_hooks(old):
            left.append(Change(site, before, before, "it has hooks, which would be lost"))
            continue
        if old not in news:
            news[old] = _make(factory, site, old)
        made.append(Change(site, before, describe(news[old]), _why(old, news[old])))
    if not dry_run:
        _put(model, {change.site for change in made}, news)
    return Changes(tuple(made), tuple(left))


def replace(model: M, factories: Chosen) -> M:
    """Copy `model` with other layers in the place of those chosen; see `replace_`.

    Args:
        model: Any module; left as it is.
        factories: As in `replace_`.

    Returns:
        A deep copy, with the new layers.

    Raises:
        ModelError: As in `replace_`.
        SettingError: As in `replace_`.

    Example:
        >>> replace(nn.Sequential(nn.ReLU()), {"0": lambda old: nn.GELU()})
        Sequential(
          (0): GELU(approximate='none')
        )
    """
    copied = copy.deepcopy(model)
    replace_(copied, factories)
    return copied


def _make(factory: LayerFactory, site: str, old: nn.Module) -> nn.Module:
    new = factory(old)
    if not isinstance(new, nn.Module):
        raise ModelError(
            f"A factory is called with the old layer and gives a torch.nn.Module; for {site} it "
            f"gave {type(new).__name__}."
        )
    if any(child is old for child in new.modules()) and new is not old:
        raise SettingError(
            f"The new layer at {site} holds the old one, whose keys would change; build it anew."
        )
    return new


def _why(old: nn.Module, new: nn.Module) -> str:
    before, after = old.state_dict(), new.state_dict()
    shared = [key for key in before if key in after and before[key].shape == after[key].shape]
    gone = [f"-{key}" for key in before if key not in shared]
    come = [f"+{key}" for key in after if key not in shared]
    kept = f"; {', '.join(shared)} taken over" if shared and new is not old else ""
    keys = f"; keys {' '.join(gone + come)}" if gone or come else ""
    return f"asked for{kept}{keys}"


def _put(model: nn.Module, sites: set[str], news: dict[nn.Module, nn.Module]) -> None:
    for old, new in news.items():
        state = new.state_dict()
        same = {
            k: v for k, v in old.state_dict().items() if k in state and v.shape == state[k].shape
        }
        new.load_state_dict(same, strict=False)
        new.train(old.training)
    holders = {site: site.rpartition(".") for site in sites}
    found = {
        site: (model.get_submodule(parent), name) for site, (parent, _, name) in holders.items()
    }
    for parent, name in found.values():
        parent._modules[name] = news[parent._modules[name]]  # type: ignore[index]
