"""Complete sites by what a run showed: the rate really applied, and whether it stops."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from torch import nn

from .. import nn as ours
from ._calls import DropoutCall
from ._modules import RATE_NAMES, WHOLE, as_number
from ._observe import Observation
from ._recorder import Recorder, site_key
from ._site import Site

_NOT_BY_ZEROS = (
    nn.AlphaDropout,
    nn.FeatureAlphaDropout,
    ours.ActivationDropout,
    ours.DropConnect,
    ours.EmbeddingDropout,
    ours.LayerDrop,
    ours.MultiSampleDropout,
    ours.VariationalGRU,
    ours.VariationalLSTM,
    ours.Zoneout,
    ours.ZoneoutCell,
)
"""Layers whose dropped units are not zeros of their output: there the call tells the rate."""

_NOT_DROPPING = (
    ours.ConcreteDropout,
    ours.GaussianDropout,
    ours.GaussianNoise,
    ours.Standout,
    ours.VariationalDropout,
    ours.VariationalLinear,
)
"""Layers that multiply or add noise, or drop at rates of their own: there is no rate to measure."""

Owned = Mapping[int, Sequence[DropoutCall]]


def measured(
    sites: Sequence[Site], seen: Observation, names: Mapping[nn.Module, str]
) -> list[Site]:
    """Complete the sites found in a model, and add those that only a run shows.

    Args:
        sites: Found without running it.
        seen: What the run showed.
        names: The model's modules.

    Returns:
        The sites, then one for each functional call that takes its rate from none of them.
    """
    training, strange = _sorted(sites, seen, seen.training.calls)
    evaluation, always = _sorted(sites, seen, seen.evaluation.calls)
    completed = [
        _complete(site, seen, training.get(index, ()), evaluation.get(index, ()))
        for index, site in enumerate(sites)
    ]
    return completed + _call_sites(seen, strange, always, names)


def _sorted(
    sites: Sequence[Site], seen: Observation, calls: Iterable[DropoutCall]
) -> tuple[Owned, list[DropoutCall]]:
    """Sort calls by the site whose rate they took; give those that took none's too."""
    owned: dict[int, list[DropoutCall]] = defaultdict(list)
    strange = []
    for call in calls:
        owners = _owners(sites, seen.tags, call)
        for owner in owners:
            owned[owner].append(call)
        if not owners and call.p != 0:
            strange.append(call)
    return owned, strange


def _owners(
    sites: Sequence[Site], tags: Mapping[float, Sequence[int]], call: DropoutCall
) -> list[int]:
    given = {p for p in (call.p, *call.rates.values()) if p is not None}
    groups = [tags[p] for p in given if p in tags]
    tagged = [index for group in groups for index in group]
    if tagged and len(tagged) == len(groups):
        return tagged
    inside = [i for i in tagged or range(len(sites)) if sites[i].module is call.module]
    layers = [i for i in inside if sites[i].kind in ("module", "unregistered")]
    if tagged or layers:
        return inside
    # A rate of 0 is not tagged; it is the module's if it has just one.
    idle = [i for i in inside if sites[i].p == 0 and call.p == 0]
    return idle if len(idle) == 1 else []


def _complete(
    site: Site,
    seen: Observation,
    training: Sequence[DropoutCall],
    evaluation: Sequence[DropoutCall],
) -> Site:
    is_layer = site.kind in ("module", "unregistered")
    entered = seen.training.entered[site.module] > 0
    reached: bool | None = bool(training)
    if is_layer:
        reached = entered or reached
    elif entered and not training:
        reached = None  # it may be applied by hand
    rate = None
    if reached:
        rate = _layer_rate(site, seen.training, training) if is_layer else _given(site, training)
    drew = is_layer and site.module in seen.evaluation.random
    follows = site.follows_training
    if drew or any(call.active for call in evaluation):
        follows = False
    elif rate or (is_layer and site.module in seen.training.random):
        follows = True
    whole = is_layer or isinstance(site.module, WHOLE)
    key: Any = site.module if whole and entered else None
    if key is None and training:
        key = site_key(training[0])
    flow = seen.training.flow
    return replace(
        site,
        reached=reached,
        rate=rate,
        follows_training=follows,
        before=flow.before.get(key),
        after=flow.after.get(key),
        place=training[0].place if training and not (is_layer and entered) else None,
    )


def _layer_rate(site: Site, record: Recorder, calls: Sequence[DropoutCall]) -> float | None:
    layer = site.module
    if isinstance(layer, _NOT_DROPPING):
        return None
    if record.alive[layer] and not isinstance(layer, _NOT_BY_ZEROS):
        share = record.dropped[layer] / record.alive[layer]
        too_few = share in (0, 1) and site.p not in (0, 1) and layer in record.random
        return None if too_few else share
    if calls:
        return _given(site, calls)
    return None if layer in record.random else 0.0


def _given(site: Site, calls: Sequence[DropoutCall]) -> float | None:
    """Average the rates with which calls really ran; a tagged one counts as what it stands for."""
    given = [_applied(site, call) for call in calls]
    known = [p for p in given if p is not None]
    return sum(known) / len(known) if len(known) == len(given) else None


def _applied(site: Site, call: DropoutCall) -> float | None:
    if not call.active:
        return 0.0
    p = call.rates.get(site.attribute or "", call.p)
    return site.p if p is not None and site.p and abs(p - site.p) < 1e-6 else p


def _call_sites(
    seen: Observation,
    training: Sequence[DropoutCall],
    evaluation: Sequence[DropoutCall],
    names: Mapping[nn.Module, str],
) -> list[Site]:
    places: dict[Any, tuple[list[DropoutCall], list[DropoutCall]]] = {}
    for index, calls in enumerate((training, evaluation)):
        for call in calls:
            places.setdefault(site_key(call), ([], []))[index].append(call)
    return [_call_site(seen, key, *calls, names) for key, calls in places.items()]


def _call_site(
    seen: Observation,
    key: Any,
    training: Sequence[DropoutCall],
    evaluation: Sequence[DropoutCall],
    names: Mapping[nn.Module, str],
) -> Site:
    first = (*training, *evaluation)[0]
    module = first.module or next(iter(names))
    stops = not any(call.active for call in evaluation)
    ever = any(call.active for call in training)
    site = Site(
        name=names[module],
        kind="call",
        what=first.what,
        p=first.p,
        follows_training=stops if ever or not stops else None,
        before=seen.training.flow.before.get(key),
        after=seen.training.flow.after.get(key),
        place=first.place,
        reached=bool(training),
        module=module,
        attribute=_attribute(module, first.p),
    )
    return replace(site, rate=_given(site, training)) if training else site


def _attribute(module: nn.Module, p: float | None) -> str | None:
    """Find the one attribute that keeps a call's rate, if its name says that it is one."""
    named = [k for k in vars(module) if k in RATE_NAMES or "drop" in k.lower()]
    equal = [k for k in named if p is not None and as_number(vars(module)[k]) == p]
    return equal[0] if len(equal) == 1 else None
