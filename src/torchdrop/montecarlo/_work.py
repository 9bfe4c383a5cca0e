"""The samples of all blocks, summed up as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from torch import Tensor, nn

from ..errors import ModelError
from ..modes import generators_kept, sampling
from ..sites import find_sites
from ._aside import aside
from ._blocks import Block, Data, cut, moved, size_of
from ._curve import Curve, stations
from ._draws import Draws
from ._moments import Moments
from ._native_masks import native_masks
from ._passes import Passes, Strategy
from ._prediction import Masks, Task
from ._reading import Outputs, TaskChoice, fitting, reader, task_of
from ._sums import Sums, pieces

OnRows = Callable[[int, "int | None"], None]

LEAST = 16
"""Samples that `until` takes at least: of fewer, the spread says too little."""


@dataclass(frozen=True)
class Part:
    """What came of a block."""

    plain: Tensor
    targets: Tensor | None
    moments: Moments
    kept: Tensor | None


@dataclass
class Work:
    """The samples of all blocks."""

    model: nn.Module
    samples: int
    choice: TaskChoice
    outputs: Outputs | None
    masks: Masks
    until: float | None
    tau: float | None
    keep: bool
    seed: int
    strategy: Strategy
    block: int
    task: Task = "classification"
    curve: Curve | None = None
    reasons: set[str] = field(default_factory=set)
    apart: set[str] = field(default_factory=set)
    most: int = 1
    alone: bool = False

    def run(self, data: Data, on_rows: OnRows | None) -> list[Part]:
        total, done, parts = size_of(data), 0, list[Part]()
        with self._sampling() as (passes, fill):
            for part in cut(data, self.block, fill=fill):
                if not parts:
                    self._begin(part, passes)
                block = replace(part, inputs=moved(part.inputs, self.model))
                parts.append(self._sample(passes, block))
                done += block.rows
                if on_rows is not None:
                    on_rows(done, total)
            self.reasons, self.alone = passes.reasons, passes.alone
            self.apart, self.most = passes.apart, passes.most
        return parts

    def _begin(self, block: Block, passes: Passes) -> None:
        """Tell from the first rows what is predicted."""
        self.task = task_of(self.choice, block.targets)
        passes.read = reader(self.task, self.outputs)
        if block.targets is not None and self.until is None:
            self.curve = Curve(self.task, self.tau)

    @contextmanager
    def _sampling(self) -> Iterator[tuple[Passes, bool]]:
        shared, draws = self.masks == "shared", Draws(self.model)
        with (
            generators_kept(self.model),
            native_masks(self.model, draws, shared=shared) as ours,
            sampling(self.model),
        ):
            found = find_sites(self.model)
            others = any(site.module not in ours for site in found) or not found
            alone = shared and others
            passes = Passes(
                model=self.model,
                read=_unread,
                draws=draws,
                seed=self.seed,
                shared=shared,
                alone=alone,
                plain=not others,
                strategy=self.strategy,
                size=self.block,
            )
            yield passes, others and not alone  # they may draw otherwise for fewer rows

    def _sample(self, passes: Passes, block: Block) -> Part:
        values = passes.passes(block)
        plain, targets = next(values), None
        if len(plain) != block.rows:
            raise ModelError(f"the model returns {len(plain)} rows for {block.rows} rows of data.")
        if block.targets is not None:
            targets = fitting(block.targets, plain, self.task)
        with aside():
            sums = Sums(plain, targets, self.task, self.tau, self.curve, self.keep)
        for number, samples in pieces(values, self._stops):
            with aside():
                sums.add(samples)
                if self.until is None:
                    if number in self._stops:  # and not where a pass has ended
                        sums.note(number, sums.moments.mean)
                elif number >= LEAST and sums.stop(self.until):
                    break
        return Part(plain, targets, sums.moments, sums.kept)

    @cached_property
    def _stops(self) -> Sequence[int]:
        """Numbers of samples after which the sums are looked at."""
        return stations(self.samples) if self.until is None else range(1, self.samples + 1)


def _unread(result: Any) -> Tensor:
    raise AssertionError("the reader is set before the first pass")


def in_words(work: Work) -> str:
    """How the samples of a run were computed."""
    if work.alone:
        return "rows one by one, as some dropout is not in layers that can share a mask"
    if work.strategy == "loop":
        told = "a plain loop, as asked for"
    elif work.reasons:
        told = f"a plain loop: {'; '.join(sorted(work.reasons))}"
    else:
        told = "what comes before the first dropout was computed once"
    if work.most > 1:
        told += f"; up to {work.most} samples in a pass"
    if work.apart:
        told += f"; one sample in a pass: {'; '.join(sorted(work.apart))}"
    return told
