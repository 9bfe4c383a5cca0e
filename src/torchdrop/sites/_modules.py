"""Tell dropout layers from others, and read their rates."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.modules.dropout import _DropoutNd

from .. import nn as ours
from ._site import Kind, Site

RATE_NAMES = ("p", "drop_prob", "drop_rate", "drop_p", "p_drop", "dropout", "prob", "rate")
"""What layers of other packages call their rate, the likeliest first."""

WHOLE = (nn.MultiheadAttention, nn.RNNBase)
"""Layers of torch that apply a rate inside, and count as one step."""

_OUR_RATES = ("p", "p_recurrent", "p_cell")


def is_dropout(module: nn.Module) -> bool:
    """Whether a module is a layer that drops: torch's, torchdrop's, or another package's.

    A class of neither is taken for one if its name contains "drop" or is `StochasticDepth`, it
    has neither parameters nor children, and it keeps a rate as a number: `p`, `drop_prob` or
    another of the usual names.

    Args:
        module: Any module. Modules that drop besides doing something else, such as
            `torch.nn.MultiheadAttention`, are none; torchdrop's `DropConnect` and its like are,
            but not thinned chains and linear layers, which leave the rate to the dropout in them.

    Returns:
        The verdict.

    Example:
        >>> is_dropout(nn.Dropout1d()), is_dropout(nn.Linear(2, 2)), is_dropout(ours.DropPath(0.1))
        (True, False, True)
    """
    if isinstance(module, nn.MultiheadAttention):
        return False
    thinned = isinstance(module, (nn.Sequential, nn.Linear)) and not hasattr(module, "p")
    return isinstance(module, _DropoutNd) or (_is_ours(module) and not thinned) or _is_alike(module)


def is_leaf(module: nn.Module) -> bool:
    """Whether a module counts as one step: one of `WHOLE`, or without others inside.

    Parametrizations do not count: they are of its weights.
    """
    return isinstance(module, WHOLE) or not set(module._modules) - {"parametrizations"}


def layer_sites(module: nn.Module, name: str, kind: Kind = "module") -> list[Site]:
    """Describe a dropout layer: one site for each rate that it keeps.

    Args:
        module: Any module.
        name: Its qualified name.
        kind: `module`, or `unregistered` for one that the model does not know of.

    Returns:
        Nothing if it is no dropout layer; for `VariationalLSTM`, which has two rates, two sites.
    """
    if not is_dropout(module):
        return []
    what, found = type(module).__name__, rates(module)
    follows: bool | None = True if _obeys(module) else None
    if kind == "unregistered":
        follows = False
    return [
        Site(
            name=name,
            kind=kind,
            what=what if len(found) == 1 else f"{what}.{attribute}",
            p=p,
            follows_training=follows,
            module=module,
            attribute=attribute,
        )
        for attribute, p in found.items()
    ]


def rates(module: nn.Module) -> dict[str | None, float | None]:
    """Read the rates of a dropout layer.

    Args:
        module: For which `is_dropout` holds.

    Returns:
        Attributes with the probabilities of dropping that they keep; `None` stands for a rate that
        is learned or computed, and cannot be set.
    """
    names = RATE_NAMES if not _is_ours(module) else _OUR_RATES
    kept = {name: as_number(_held(module, name)) for name in names}
    found: dict[str | None, float | None] = {k: p for k, p in kept.items() if p is not None}
    if found:
        return found if _is_ours(module) else dict([next(iter(found.items()))])
    p = getattr(module, "p", None)
    return {None: float(p.detach().mean()) if isinstance(p, Tensor) else None}


def as_number(value: object) -> float | None:
    """Read a rate that is a number or a tensor of one element; `None` for anything else."""
    if isinstance(value, Tensor) and value.numel() == 1 and not value.is_meta:
        return float(value)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    return None


def _held(module: nn.Module, name: str) -> object:
    return vars(module).get(name, module._buffers.get(name))


def _is_ours(module: nn.Module) -> bool:
    return any(
        f"{kind.__module__}.".startswith(f"{ours.__name__}.") for kind in type(module).__mro__
    )


def _is_alike(module: nn.Module) -> bool:
    kind = type(module).__name__
    named = "drop" in kind.lower() or kind == "StochasticDepth"
    bare = not module._modules and not module._parameters
    return named and bare and any(as_number(_held(module, n)) is not None for n in RATE_NAMES)


def _obeys(module: nn.Module) -> bool:
    """Whether the layer's own code is torch's or torchdrop's, which follow their mode."""
    if "forward" in vars(module):
        return False
    package = type(module).forward.__module__.split(".")[0]
    return package in {"torch", "torchdrop"} and type(module).train is nn.Module.train
