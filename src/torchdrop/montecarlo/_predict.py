"""Predict with dropout on: many samples of every row, summed up as they come."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import ModelError, SettingError
from ..kernels import SEED_BITS
from ..modes import generators_kept, sampling
from ..sites import find_sites
from ._blocks import Block, Data, Inputs, cut, size_of
from ._curve import Curve, stations
from ._moments import ClassMoments, Moments
from ._native_masks import native_masks
from ._passes import Passes, Strategy, aside
from ._prediction import Masks, Prediction, Task
from ._reading import Outputs, TaskChoice, fitting, reader, task_of

OnRows = Callable[[int, "int | None"], None]

LEAST = 16
"""Samples that `until` takes at least: of fewer, the spread says too little."""


def predict(
    model: nn.Module,
    data: Data,
    samples: int = 50,
    *,
    task: TaskChoice = "auto",
    masks: Masks = "rows",
    until: float | None = None,
    tau: float | None = None,
    keep_samples: bool = False,
    outputs: Outputs | None = None,
    generator: torch.Generator | None = None,
    strategy: Strategy = "auto",
    block: int = 256,
    on_rows: OnRows | None = None,
) -> Prediction:
    """Predict every row many times with dropout on, and sum the samples up.

    The model runs in `modes.sampling`: dropout is on wherever it is, batch norms and everything
    else are as in evaluation; modes, buffers and generators are restored. What the model computes
    before its first random number is computed once for all samples of a block of rows, and plain
    dropout layers draw by torchdrop's kernel; with `strategy="loop"` every pass computes it all,
    with the same samples to the last bit.

    A sample of a row depends on the seed, the sample's number and the row's index, and on `block`;
    not on how the data were batched or by how many workers they are read. Memory does not grow
    with `samples`, unless they are kept.

    Args:
        model: Any module that drops something; a classifier returns logits.
        data: A tensor, a `Dataset`, or a `DataLoader`, whose data set is read in its own order.
            Rows are inputs, or inputs and targets.
        samples: Of each row, at least 1; with `until`, at most.
        task: What is predicted; `auto` looks at the targets: whole numbers are classes.
        masks: `rows` draws masks for each row; `shared` one for all rows of a sample, so that it
            is one function of the input. Models whose dropout is not in layers take their rows
            one by one for that.
        until: Stops a row when the standard error of its mean is below, for every value, at the
            earliest after `LEAST` samples. A heuristic: it looks again after every sample.
        tau: Precision of the noise of a regression, in units of `1 / target**2`, for the
            log-likelihood and intervals; above 0.
        keep_samples: Whether to keep them all, `samples * rows * values` numbers.
        outputs: Picks the tensor out of what the model returns.
        generator: Source of the seed, on the CPU; `None` takes torch's own.
        strategy: `auto`, or `loop`, the specification.
        block: Rows that go through the model together.
        on_rows: Called with the number of rows done, and of all rows if that is known.

    Returns:
        The prediction, with that of weight scaling beside it.

    Raises:
        SettingError: If a setting is out of range, or the task cannot be told.
        ModelError: If nothing in the model is random, or it returns something else.
        DataError: If there are no rows, or targets do not fit.

    Example:
        >>> model = nn.Sequential(nn.Linear(4, 32), nn.ReLU(), nn.Dropout(0.5), nn.Linear(32, 3))
        >>> result = predict(model, torch.randn(10, 4), samples=20, task="classification")
        >>> result.mean.shape, bool((result.mutual_information >= 0).all())
        (torch.Size([10, 3]), True)

    Source:
        Gal, Ghahramani, "Dropout as a Bayesian approximation", ICML (2016), arXiv 1506.02142;
        Srivastava et al., JMLR 15 (2014), section 7.5. The seed of each sample of a block, and the
        shared beginning, are ours.
    """
    _check(samples, masks, until, tau, strategy, block)
    seed = int(torch.randint(2**SEED_BITS, (), generator=generator))
    work = _Work(
        *(model, samples, task, outputs, masks, until, tau, keep_samples, seed, strategy, block)
    )
    with torch.no_grad():
        parts = work.run(data, on_rows)
    return _join(parts, work)


def _check(
    samples: int,
    masks: str,
    until: float | None,
    tau: float | None,
    strategy: str,
    block: int,
) -> None:
    if samples < 1 or block < 1:
        raise SettingError(f"samples and block are at least 1; got {samples} and {block}.")
    if masks not in ("rows", "shared"):
        raise SettingError(f"masks are 'rows' or 'shared'; got {masks!r}.")
    if strategy not in ("auto", "loop"):
        raise SettingError(f"strategy is 'auto' or 'loop'; got {strategy!r}.")
    for name, value in (("until", until), ("tau", tau)):
        if value is not None and not value > 0:
            raise SettingError(f"{name} is above 0; got {value}.")
    if until is not None and samples < LEAST:
        raise SettingError(f"until needs at least {LEAST} samples; got samples={samples}.")


@dataclass(frozen=True)
class _Part:
    """What came of a block."""

    plain: Tensor
    targets: Tensor | None
    moments: Moments
    kept: Tensor | None


@dataclass
class _Work:
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
    alone: bool = False

    def run(self, data: Data, on_rows: OnRows | None) -> list[_Part]:
        total, done, parts = size_of(data), 0, list[_Part]()
        with self._sampling() as (passes, fill):
            for part in cut(data, self.block, fill=fill):
                if not parts:
                    self._begin(part, passes)
                block = replace(part, inputs=_moved(part.inputs, self.model))
                parts.append(self._sample(passes, block))
                done += block.rows
                if on_rows is not None:
                    on_rows(done, total)
            self.reasons, self.alone = passes.reasons, passes.alone
        return parts

    def _begin(self, block: Block, passes: Passes) -> None:
        """Tell from the first rows what is predicted."""
        self.task = task_of(self.choice, block.targets)
        passes.read = reader(self.task, self.outputs)
        if block.targets is not None and self.until is None:
            self.curve = Curve(self.task, self.tau)

    @contextmanager
    def _sampling(self) -> Iterator[tuple[Passes, bool]]:
        shared = self.masks == "shared"
        with (
            generators_kept(self.model),
            native_masks(self.model, shared=shared) as ours,
            sampling(self.model),
        ):
            found = find_sites(self.model)
            others = any(site.module not in ours for site in found) or not found
            alone = shared and others
            passes = Passes(self.model, _unread, self.seed, shared, alone, self.strategy)
            yield passes, others and not alone  # they may draw otherwise for fewer rows

    def _sample(self, passes: Passes, block: Block) -> _Part:
        values = passes.passes(block)
        plain, targets = next(values), None
        if len(plain) != block.rows:
            raise ModelError(f"the model returns {len(plain)} rows for {block.rows} rows of data.")
        if block.targets is not None:
            targets = fitting(block.targets, plain, self.task)
        kind = ClassMoments if self.task == "classification" else Moments
        moments, kept = kind(plain.shape), list[Tensor]()
        with aside():
            self._note(0, plain, targets, None)
        exponents: Tensor | None = None
        going = torch.ones(block.rows, dtype=torch.bool)
        for number in range(1, self.samples + 1):
            sample = next(values)
            with aside():
                moments.add(sample, going)
                if self.keep:
                    kept.append(sample)
                exponents = self._exponents(sample, targets, exponents)
                if number in self._stations:
                    self._note(number, moments.mean, targets, exponents)
                if self.until is not None and number >= LEAST:
                    going &= moments.standard_error.max(1).values > self.until
                    if not going.any():
                        break
        return _Part(plain, targets, moments, torch.stack(kept) if kept else None)

    @cached_property
    def _stations(self) -> frozenset[int]:
        return frozenset(stations(self.samples))

    def _note(
        self, number: int, mean: Tensor, targets: Tensor | None, exponents: Tensor | None
    ) -> None:
        if self.curve is not None and targets is not None:
            self.curve.add(number, mean, targets, exponents)

    def _exponents(
        self, sample: Tensor, targets: Tensor | None, before: Tensor | None
    ) -> Tensor | None:
        if self.task == "classification" or self.tau is None or targets is None:
            return None
        own = -self.tau / 2 * (sample - targets).square().sum(1)
        return own if before is None else torch.logaddexp(before, own)


def _unread(result: Any) -> Tensor:
    raise AssertionError("the reader is set before the first pass")


def _moved(inputs: Inputs, model: nn.Module) -> Inputs:
    held = next((x.device for x in (*model.parameters(), *model.buffers())), None)
    if held is None:
        return inputs
    if isinstance(inputs, Mapping):
        return {name: x.to(held) for name, x in inputs.items()}
    return inputs.to(held)


def _join(parts: list[_Part], work: _Work) -> Prediction:
    moments = [part.moments for part in parts]
    classes = [m for m in moments if isinstance(m, ClassMoments)]
    kept = [part.kept for part in parts if part.kept is not None]
    targets = [part.targets for part in parts if part.targets is not None]
    same = len({len(x) for x in kept}) == 1
    return Prediction(
        task=work.task,
        mean=torch.cat([m.mean for m in moments]),
        variance=torch.cat([m.variance for m in moments]),
        weight_scaling=torch.cat([part.plain for part in parts]),
        samples=torch.cat([m.count for m in moments]),
        expected_entropy=torch.cat([m.expected_entropy for m in classes]) if classes else None,
        votes=torch.cat([m.votes for m in classes]) if classes else None,
        curve=work.curve.points() if work.curve is not None else (),
        targets=torch.cat(targets) if targets else None,
        tau=work.tau,
        kept=torch.cat(kept, dim=1) if kept and same else None,
        seed=work.seed,
        strategy=_strategy(work),
        masks=work.masks,
    )


def _strategy(work: _Work) -> str:
    if work.alone:
        return "rows one by one, as some dropout is not in layers that can share a mask"
    if work.strategy == "loop":
        return "a plain loop, as asked for"
    if work.reasons:
        return f"a plain loop: {'; '.join(sorted(work.reasons))}"
    return "what comes before the first dropout was computed once"
