"""Guess what feeds what from the order in which a model holds its layers."""

from __future__ import annotations

from torch import nn

from ._flow import Flow
from ._fuse import _runs_in_order
from ._kinds import is_leaf, kind_of_layer


def structure(model: nn.Module) -> Flow:
    """Chain a model's layers in the order of registration, as far as they would run in turn.

    Exact for `torch.nn.Sequential`; a guess for other modules, whose forward may do anything. A
    layer that is held in two places is a step in each.

    Args:
        model: Any module; it is not run.

    Returns:
        The flow, from one `input` step to one `output` step.
    """
    flow = Flow(guess=any(not is_leaf(m) and not _in_order(m) for m in model.modules()))
    last = flow.add("input", "", (), layer=None, what="input")
    for site, layer in model.named_modules(remove_duplicate=False):
        inside = any(site.startswith(f"{leaf}.") for leaf in _leaves(model, site))
        if is_leaf(layer) and not inside:
            what, kind = type(layer).__name__, kind_of_layer(layer)
            last = flow.add(kind, site, [last], layer=layer, what=what, main=last)
    flow.add("output", "", [last], layer=None, what="output")
    return flow


def _in_order(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Sequential) and _runs_in_order(layer)


def _leaves(model: nn.Module, site: str) -> list[str]:
    """List what holds the layer at `site` and is a leaf itself."""
    parts = site.split(".")
    holders = (".".join(parts[:n]) for n in range(1, len(parts)))
    return [holder for holder in holders if is_leaf(model.get_submodule(holder))]
