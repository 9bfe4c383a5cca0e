"""The data flow that a `Sequential` shows by its order, where nothing is run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from torch import nn

from ...sites import is_dropout
from ._built_at import built_at
from ._kinds import form_of_layer, is_step, kind_of_layer
from ._steps import Flow, Step


def chains(model: nn.Module, names: Mapping[nn.Module, str]) -> Iterator[Flow]:
    """Read the flow off every `torch.nn.Sequential`, nested ones unrolled.

    Args:
        model: Any module; if it is a `Sequential` itself, its last layer makes the output.
        names: Its modules with their names.

    Yields:
        One flow for each outermost chain.
    """
    inside: set[nn.Module] = set()
    for module in names:
        if type(module) is nn.Sequential and module not in inside:
            inside.update(m for m in module.modules() if type(m) is nn.Sequential)
            yield _flow(model, module, names)


def _flow(model: nn.Module, chain: nn.Sequential, names: Mapping[nn.Module, str]) -> Flow:
    flow = Flow()
    last = flow.add(Step("input", "", "input"))
    for layer in _unrolled(chain):
        if isinstance(layer, (nn.Identity, nn.Flatten, nn.Unflatten)):
            continue
        step = _step(model, layer, names[layer])
        if step is not None:
            step.sources = (last,)
            last = flow.add(step)
    if chain is model:
        flow.add(Step("output", "", "output", sources=(last,)))
    return flow


def _step(model: nn.Module, layer: nn.Module, name: str) -> Step | None:
    what = type(layer).__name__
    if is_dropout(layer):
        p = getattr(layer, "p", None)
        if not isinstance(p, (int, float)) or p == 0:
            return None if p == 0 else Step("other", name, what, layer)
        line = built_at(model, name)
        return Step("dropout", name, what, layer, line=line, p=p, form=form_of_layer(layer))
    kind = kind_of_layer(layer) if is_step(layer) else "other"
    return Step(kind, name, what, layer)


def _unrolled(chain: nn.Sequential) -> Iterator[nn.Module]:
    for layer in chain:
        if type(layer) is nn.Sequential:
            yield from _unrolled(layer)
        else:
            yield layer
