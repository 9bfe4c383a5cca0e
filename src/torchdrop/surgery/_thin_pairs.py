"""Find two linear layers with dropout between them in modules with a forward of their own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.nn import functional as F

from ..nn import Dropout, ThinnedSequential, sites_to_thin
from ._changes import Change
from ._flow import Flow, Step
from ._fuse import _has_hooks, _runs_in_order
from ._kinds import kind_of_layer
from ._layers import describe, places
from ._trial import check_runnable, shadow
from ._watch import watch

_BY_UNIT = frozenset({"glu", "prelu", "rrelu", "rrelu_", "GLU", "PReLU", "RReLU"})
"""Activations that are more than a function of one element."""

_TRANSFORMERS = (nn.TransformerEncoderLayer, nn.TransformerDecoderLayer)


@dataclass(frozen=True, slots=True)
class Pair:
    """Names of two linear layers and of the dropout layer between them."""

    first: str
    dropout: str
    second: str

    @property
    def block(self) -> str:
        """The innermost module that holds all three."""
        parts = [name.split(".")[:-1] for name in (self.first, self.dropout, self.second)]
        shared = []
        for names in zip(*parts, strict=False):
            if len(set(names)) > 1:
                break
            shared.append(names[0])
        return ".".join(shared)


def find_pairs(model: nn.Module, example: Any) -> tuple[list[Pair], list[Change]]:
    """Find pairs that can be thinned, and dropout layers that cannot.

    Args:
        model: Left as it is. Chains that are thinned as such are passed over.
        example: What it is called with, as in `insert_`; `None` for what is known without one:
            torch's transformer layers, and classes built on `Sequential` that run in order.

    Returns:
        Pairs, in the model's order; and an entry for each dropout layer left alone, but for those
        in a `torch.nn.Sequential`.
    """
    found = {pair.dropout: pair for pair in _known(model)}
    reasons = dict(_added(model))
    if example is not None:
        check_runnable(model)
        seen, others = _seen(model, example)
        found, reasons = {**seen, **found}, {**reasons, **others}
    chained = {x for chain in model.modules() if _is_chain(chain) for x in chain.children()}
    told = {x for m in model.modules() if type(m) is nn.Sequential for x in m.children()}
    uses = Counter(layer for _, layer in places(model))
    pairs, left = [], []
    for site, layer in model.named_modules():
        pair = found.get(site)
        if type(layer) not in (nn.Dropout, Dropout) or layer in chained:
            continue
        if pair is None:
            why = None if layer in told else reasons.get(site) or _unknown(example)
        elif (why := _obstacle(model, pair, uses, chained)) is None:
            pairs.append(pair)
        if why is not None:
            left.append(Change(site, describe(layer), describe(layer), why))
    return pairs, left


def _is_chain(module: nn.Module) -> bool:
    """Whether dropout in a module is looked after as that of a chain."""
    if type(module) is ThinnedSequential:
        return True
    return type(module) is nn.Sequential and bool(sites_to_thin(list(module)))


def _unknown(example: Any) -> str:
    if example is None:
        return "what runs before and after it takes an example to see: thin(model, example=x)"
    return "the example does not reach it"


def _obstacle(
    model: nn.Module, pair: Pair, uses: Counter[nn.Module], chained: set[nn.Module]
) -> str | None:
    """Say what keeps three layers from being thinned, if anything does."""
    for site in (pair.first, pair.dropout, pair.second):
        layer = model.get_submodule(site)
        if layer in chained:
            return f"{site} is part of a chain that is thinned by itself"
        if uses[layer] > 1:
            return f"{site} is used in another place too"
        if "forward" in vars(layer):
            return f"the forward of {site} was replaced by hand"
        if _has_hooks(layer):
            return f"{site} has hooks, which would see kept units only"
    dropout = model.get_submodule(pair.dropout)
    if sites_to_thin([nn.Linear(1, 1), dropout, nn.Linear(1, 1)]) != [1]:
        return "it scales in evaluation, or names the axes that it drops along"
    return None


def _known(model: nn.Module) -> Iterator[Pair]:
    """Find pairs by classes whose forward is known."""
    for site, block in model.named_modules():
        prefix = f"{site}." if site else ""
        if isinstance(block, _TRANSFORMERS) and _feeds_forward(block):
            yield Pair(*(prefix + name for name in ("linear1", "dropout", "linear2")))
        elif isinstance(block, nn.Sequential) and _runs_in_order(block) and not _is_chain(block):
            names, layers = list(block._modules), list(block)
            for i in sites_to_thin(layers):
                around = [j for j, layer in enumerate(layers) if type(layer) is nn.Linear]
                first = max((j for j in around if j < i), default=None)
                second = min((j for j in around if j > i), default=None)
                if first is not None and second is not None:
                    yield Pair(*(prefix + names[j] for j in (first, i, second)))


def _added(model: nn.Module) -> Iterator[tuple[str, str]]:
    """Name dropout layers of torch's whose results are known to go to a sum."""
    for site, block in model.named_modules():
        if type(block) in _TRANSFORMERS:
            for name in ("dropout1", "dropout2", "dropout3"):
                yield f"{site}.{name}".lstrip("."), "what it gives is added, not taken by a Linear"


def _feeds_forward(block: Any) -> bool:
    """Whether a transformer layer of torch's runs its second half as torch wrote it."""
    torchs = next(kind for kind in _TRANSFORMERS if isinstance(block, kind))
    own = type(block)._ff_block is not torchs._ff_block or "_ff_block" in vars(block)
    kinds = type(block.linear1), type(block.linear2), type(block.dropout)
    plain = kinds[:2] == (nn.Linear, nn.Linear) and kinds[2] in (nn.Dropout, Dropout)
    return plain and not own and _is_elementwise(block.activation)


def _is_elementwise(activation: Any) -> bool:
    if not isinstance(activation, nn.Module):
        return activation in (F.relu, F.gelu, F.silu, F.leaky_relu, F.mish)
    bare = not activation._parameters and type(activation).__name__ not in _BY_UNIT
    builtin = type(activation).__module__.startswith("torch.")
    return bare and builtin and kind_of_layer(activation) == "activation"


def _seen(model: nn.Module, example: Any) -> tuple[dict[str, Pair], dict[str, str]]:
    """Find pairs by running the model in both modes, and say what other dropout layers lack."""
    trial = shadow(model)
    found, reasons = _in_flow(watch(trial.eval(), example))
    again, others = _in_flow(watch(trial.train(), example))
    pairs = {site: pair for site, pair in found.items() if again.get(site, pair) == pair}
    pairs = {site: pair for site, pair in pairs.items() if site not in others}
    return pairs, {**reasons, **others}


def _in_flow(flow: Flow) -> tuple[dict[str, Pair], dict[str, str]]:
    calls = Counter(step.site for step in flow.steps if step.layer is not None)
    pairs, reasons = {}, {}
    for step in flow.of_kind("dropout"):
        if type(step.layer) not in (nn.Dropout, Dropout):
            continue
        first, second = _behind(flow, step), _ahead(flow, step)
        if isinstance(first, str) or isinstance(second, str):
            reasons[step.site] = first if isinstance(first, str) else str(second)
        elif max(calls[each.site] for each in (first, step, second)) > 1:
            reasons[step.site] = "it, or a layer beside it, runs more than once in a forward"
        else:
            pairs[step.site] = Pair(first.site, step.site, second.site)
    return pairs, reasons


def _behind(flow: Flow, step: Step) -> Step | str:
    """Go back to the linear layer whose units a dropout layer gets, or say what is there."""
    here = step
    while True:
        if len(here.sources) != 1:
            return f"what it drops comes from {len(here.sources)} results"
        before = flow.steps[here.sources[0]]
        if flow.uses[before.index] != [here.index]:
            return f"what {before} gives is used elsewhere too"
        if type(before.layer) is nn.Linear:
            return before
        if before.size != step.size or not _keeps_units(before):
            return f"it follows {before}, not a Linear and its activation"
        here = before


def _ahead(flow: Flow, step: Step) -> Step | str:
    """Go on to the linear layer that takes what a dropout layer gives, or say what is there."""
    here = step
    while True:
        if len(flow.uses[here.index]) != 1:
            return "what it gives is used more than once, or not at all"
        after = flow.steps[flow.uses[here.index][0]]
        if type(after.layer) is nn.Linear:
            return after
        if type(after.layer) is not nn.Identity:
            return f"it is followed by {after}, not by a Linear"
        here = after


def _keeps_units(step: Step) -> bool:
    """Whether a step is a function of each element, the same for all units."""
    if step.what in _BY_UNIT:
        return False
    if step.layer is None:
        return step.kind == "activation"
    bare = not any(True for _ in step.layer.parameters()) and not step.layer._buffers
    return type(step.layer) is nn.Identity or (bare and step.kind == "activation")
