"""What a model does on its example, in both modes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import nn

from ...modes import disabled
from ...sites import Site, find_sites, is_dropout
from ._built_at import built_at
from ._channel_shape import channel_shapes
from ._draft import Draft
from ._evaluation import Watch
from ._inplace import breaks_backward, corrupted
from ._leaks import leaks, masks
from ._order import order
from ._random import agree, randomness
from ._scale import unscaled
from ._sites import sites_of
from ._steps import Step
from ._subject import Subject
from ._tracing import Tracer
from ._unreached import unreached


def forward(subject: Subject, *, explained: bool) -> Iterator[Draft]:
    """Run a model in both modes, and say what is wrong.

    Args:
        subject: The model and its example.
        explained: Whether it is known already why the model is random in evaluation mode.

    Yields:
        What is wrong.
    """
    yield from _evaluation(subject, explained)
    yield from _training(subject)


def _evaluation(subject: Subject, explained: bool) -> Iterator[Draft]:
    first, second = Watch(subject.names), Watch(subject.names, quiet=True)
    with torch.no_grad():
        outputs = [
            subject.run(False, first.watching, seed=0),
            subject.run(False, second.watching, seed=1),
        ]
        yield from leaks(subject, first.leaks, second.leaks)
        yield from masks(subject, second.masks)
        if explained or second.masks:
            return
        if first.leaks:
            outputs[0] = subject.run(False, Watch(subject.names, quiet=True).watching, seed=2)
        stuck = any(not leak.call.changeable for leak in first.leaks)
        if not stuck:
            differs = not agree(*outputs)
            yield from randomness(subject, second.draws, differs=differs)


def _training(subject: Subject) -> Iterator[Draft]:
    model = subject.model
    example: Any = dict(subject.kwargs) or subject.args
    sites = sites_of(subject.known, subject.hidden)
    if not subject.on_meta:
        sites = find_sites(model, example)
    tracer = _traced(subject, sites)
    ratios = _Ratios(subject, tracer, sites)
    yield from _placed(model, order(tracer.flow, ratios))
    yield from _placed(model, channel_shapes(tracer.flow))
    yield from _placed(model, corrupted(tracer.overwritten))
    if tracer.overwritten.events:
        yield from breaks_backward(subject)
    by_name = {name: module for module, name in subject.names.items()}
    entered = {subject.names[module] for module in tracer.entered}
    callers = {call.module for call in tracer.calls if call.module is not None}
    entered -= {subject.names[module] for module in callers if not is_dropout(module)}
    yield from unreached(model, sites, entered, by_name)
    yield from unscaled(subject, sites, tracer.flow)


def _placed(model: nn.Module, drafts: Iterable[Draft]) -> Iterator[Draft]:
    """Add where the layer is built, where the place of no call is known."""
    for one in drafts:
        yield one if one.line else replace(one, line=built_at(model, one.module))


def _traced(subject: Subject, sites: Sequence[Site]) -> Tracer:
    layers = [site for site in sites if site.kind in ("module", "unregistered")]
    tracer = Tracer(subject.names, {site.module: site.p for site in layers})
    with torch.no_grad():
        tracer.end(subject.run(True, tracer.watching))
    return tracer


class _Ratios:
    """Measures, once it is asked, what dropout does to the inputs of batch normalizations.

    The model runs twice in training mode, with dropout and without, on the same batch.
    """

    def __init__(self, subject: Subject, tracer: Tracer, sites: Sequence[Site]) -> None:
        self._subject, self._tracer, self._sites = subject, tracer, sites
        self._without: list[float | None] | None = None

    def __call__(self, step: Step) -> float | None:
        index = next(i for i, other in enumerate(self._tracer.flow.steps) if other is step)
        number = [at for at, _ in self._tracer.norms].index(index)
        with_dropout = self._tracer.norms[number][1]
        if self._without is None:
            with disabled(self._subject.model):
                norms = _traced(self._subject, self._sites).norms
            self._without = [variance for _, variance in norms]
        if len(self._without) != len(self._tracer.norms):
            return None
        without = self._without[number]
        return without / with_dropout if without and with_dropout else None
