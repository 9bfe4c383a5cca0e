"""What the modes of a model's modules show: parts that sleep, and frozen parts that do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from ...sites import Site
from ._draft import Draft

_NAMED = 3


def mixed(
    model: nn.Module, names: Mapping[nn.Module, str], sites: Sequence[Site]
) -> Iterator[Draft]:
    """Report parts with dropout whose mode is not the model's.

    A part that sleeps and does not learn is meant so, and is left out.

    Args:
        model: Any module.
        names: Its modules.
        sites: Its places that drop.

    Yields:
        Advice for each outermost part.
    """
    for part, name in _outermost(model, names, lambda m: m.training is not model.training):
        inside = _dropping(part, sites)
        if not inside or (model.training and _learns_nothing(part)):
            continue
        mode, other = ("evaluation", "training") if model.training else ("training", "evaluation")
        what = f"{len(inside)} place{'s' if len(inside) > 1 else ''} that drop"
        message = f"This part is in {mode} mode inside a model in {other} mode; it has {what}"
        yield Draft("DRP212", "advice", name, f"{message}: {_listed(inside)}.")


def frozen(
    model: nn.Module, names: Mapping[nn.Module, str], sites: Sequence[Site]
) -> Iterator[Draft]:
    """Report parts that do not learn, but drop or count batches.

    Args:
        model: Any module; nothing is said of one that does not learn at all.
        names: Its modules.
        sites: Its places that drop.

    Yields:
        Advice for each outermost part.
    """
    if not any(parameter.requires_grad for parameter in model.parameters()):
        return
    for part, name in _outermost(model, names, _learns_nothing):
        awake = [site for site in _dropping(part, sites) if site.module.training]
        norms = [m for m in part.modules() if isinstance(m, _BatchNorm) and m.training]
        if not awake and not norms:
            continue
        does = f"drops ({_listed(awake)})" if awake else "counts batches for its normalization"
        message = f"No parameter of this part learns, but it is in training mode and {does}."
        yield Draft("DRP211", "advice", name, message)


def _outermost(
    model: nn.Module, names: Mapping[nn.Module, str], wanted: Callable[[nn.Module], bool]
) -> Iterator[tuple[nn.Module, str]]:
    inside: set[nn.Module] = set()
    for module, name in names.items():
        if module is not model and module not in inside and wanted(module):
            inside.update(module.modules())
            yield module, name


def _learns_nothing(part: nn.Module) -> bool:
    parameters = list(part.parameters())
    return bool(parameters) and not any(each.requires_grad for each in parameters)


def _dropping(part: nn.Module, sites: Sequence[Site]) -> list[Site]:
    modules = set(part.modules())
    return [site for site in sites if site.p != 0 and site.module in modules]


def _listed(sites: Sequence[Site]) -> str:
    names = ", ".join(
        f"{site.name or 'the model itself'}{'' if site.p is None else f' p = {site.p:g}'}"
        for site in sites[:_NAMED]
    )
    return names + (f" and {len(sites) - _NAMED} more" if len(sites) > _NAMED else "")
