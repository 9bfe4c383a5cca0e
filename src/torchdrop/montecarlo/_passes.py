"""The passes of one block of rows: as a plain loop, or with the beginning computed once.

Where a block has few rows, a pass carries several samples of them: copies of the rows one behind
the other, each with the masks that it would have alone. What comes before the first dropout is
the same for all copies, and computed for one. How many samples travel together is decided by the
number of rows alone, so that the first samples are the same however many are wanted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

from ..modes import evaluating
from ._agreement import agree, epsilon_of
from ._aside import aside
from ._blocks import Block, Inputs, several
from ._draws import Draws
from ._replay import Prefix, record
from ._seeds import sample_seed

Strategy: TypeAlias = Literal["auto", "loop", "closed"]
Read: TypeAlias = Callable[[Any], Tensor]

WIDEST = 64
"""Samples that a pass carries at most: more would be drawn in vain where 50 are wanted."""


@dataclass
class Passes:
    """Runs a model over blocks, some samples at a time.

    Attributes:
        model: In the mode in which it samples.
        read: Gives values of shape `(N, C)` from what the model returns.
        draws: What it draws from.
        seed: Of all samples.
        shared: Whether all rows share their masks.
        alone: Whether rows go through the model one by one, so that they do.
        plain: Whether all that is known to drop draws by the kernel.
        strategy: `loop` computes everything in every pass.
        size: Rows that may go through the model together, copies included.
        reasons: Why passes were plain, in words.
        apart: Why a pass carried one sample where there was room for more, in words.
        most: Samples that a pass has carried at most.
    """

    model: nn.Module
    read: Read
    draws: Draws
    seed: int
    shared: bool
    alone: bool
    plain: bool
    strategy: Strategy
    size: int
    reasons: set[str] = field(default_factory=set)
    apart: set[str] = field(default_factory=set)
    most: int = 1

    def passes(self, block: Block) -> Iterator[Tensor]:
        """Give the pass in evaluation mode, then sample after sample, without end.

        Args:
            block: Rows of data.

        Yields:
            float64: the pass in evaluation mode, shape `(N, C)`; then of each pass its samples,
            shape `(T, N, C)`.
        """
        first, prefix = self._first(block)
        with evaluating(self.model), prefix.replayed():
            plain = self._values(call(self.model, block.inputs))
        yield plain[: block.rows]
        copies = self._room(block)
        wide = prefix.widened(block.rows, copies)
        together = self._tried(block, copies, first, prefix, wide) if copies > 1 else None
        if together is None:
            yield first[None, : block.rows]
            for sample in count(1):
                yield self._sample(block, sample, prefix)[None, : block.rows]
        else:
            yield together
            for sample in count(copies, copies):
                yield self._samples(block, sample, copies, wide)

    def _first(self, block: Block) -> tuple[Tensor, Prefix]:
        if self.alone or self.strategy == "loop":
            first, prefix = self._sample(block, 0, Prefix()), Prefix()
        else:
            first, prefix = self._recorded(block)
            if prefix.reason:
                self.reasons.add(prefix.reason)
        if self.shared and not self.alone and self.draws.others_drew:
            self.alone = True  # a function drops, whose rows have masks of their own
            return self._first(block)
        return first, prefix

    def _recorded(self, block: Block) -> tuple[Tensor, Prefix]:
        self.draws.begin([self._seed(block, 0)])
        output, prefix = record(self.model, self.draws, lambda: call(self.model, block.inputs))
        return self._values(output), prefix

    def _sample(self, block: Block, sample: int, prefix: Prefix) -> Tensor:
        seed = self._seed(block, sample)
        if self.alone:
            rows = rows_of(block.inputs)
            return torch.cat([self._row(row, seed) for row in rows])
        self.draws.begin([seed])
        with prefix.replayed():
            return self._values(call(self.model, block.inputs))

    def _room(self, block: Block) -> int:
        """How many samples of a block a pass may carry."""
        copies = min(WIDEST, self.size // block.rows)
        if copies > 1 and self.alone:
            self.apart.add("rows go through the model one by one")
            return 1
        if copies > 1 and (not self.plain or self.draws.others_drew):
            self.apart.add("not all that is random is in plain dropout layers")
            return 1
        return max(1, copies)

    def _tried(
        self, block: Block, copies: int, first: Tensor, prefix: Prefix, wide: Prefix
    ) -> Tensor | None:
        """The first samples in one pass; `None` if that is not what they are alone."""
        try:
            samples = self._samples(block, 0, copies, wide)
            last = self._sample(block, copies - 1, prefix)
        except Exception as error:  # noqa: BLE001 - a model may take so many rows and no others
            self.apart.add(f"several raise {type(error).__name__}")
            return None
        with aside():
            spread = samples.amax((0, 1)) - samples.amin((0, 1))
            epsilon = epsilon_of(self.model, block.inputs)
            pairs = ((samples[0], first), (samples[-1], last))
            if not all(agree(*pair, spread, epsilon) for pair in pairs):
                self.apart.add("a sample comes out otherwise with others in its pass")
                return None
        self.most = max(self.most, copies)
        return samples

    def _samples(self, block: Block, sample: int, copies: int, wide: Prefix) -> Tensor:
        """So many samples in one pass, from a number on, shape `(T, N, C)`."""
        if self.strategy == "loop":
            wide = self._recorded(block)[1].widened(block.rows, copies)
        self.draws.begin([self._seed(block, sample + copy) for copy in range(copies)])
        with wide.replayed():
            values = self._values(call(self.model, several(block.inputs, copies)))
        with aside():
            return values.reshape(copies, block.rows, values.shape[1])

    def _seed(self, block: Block, sample: int) -> int:
        return sample_seed(self.seed, sample, None if self.shared else block.number)

    def _row(self, row: Inputs, seed: int) -> Tensor:
        self.draws.begin([seed])
        return self._values(call(self.model, row))

    def _values(self, output: Any) -> Tensor:
        with aside():
            return self.read(output)


def call(model: nn.Module, inputs: Inputs) -> Any:
    """Run the model on inputs."""
    return model(**inputs) if isinstance(inputs, Mapping) else model(inputs)


def rows_of(inputs: Inputs) -> Iterator[Inputs]:
    """Inputs, row by row."""
    if isinstance(inputs, Tensor):
        yield from torch.split(inputs, 1)
        return
    names = list(inputs)
    for parts in zip(*(torch.split(x, 1) for x in inputs.values()), strict=True):
        yield dict(zip(names, parts, strict=True))
