"""The passes of one block of rows: as a plain loop, or with the beginning computed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

from ..modes import evaluating
from ._blocks import Block, Inputs
from ._replay import Prefix, record
from ._seeds import sample_seed
from ._sources import Sources

Strategy: TypeAlias = Literal["auto", "loop"]
Read: TypeAlias = Callable[[Any], Tensor]


@dataclass
class Passes:
    """Runs a model over blocks, sample by sample.

    Attributes:
        model: In the mode in which it samples.
        read: Gives values of shape `(N, C)` from what the model returns.
        seed: Of all samples.
        shared: Whether all rows share their masks.
        alone: Whether rows go through the model one by one, so that they do.
        strategy: `loop` computes everything in every pass.
        reasons: Why passes were plain, in words.
    """

    model: nn.Module
    read: Read
    seed: int
    shared: bool
    alone: bool
    strategy: Strategy
    reasons: set[str] = field(default_factory=set)

    @cached_property
    def sources(self) -> Sources:
        """What the model draws from."""
        return Sources(self.model)

    def passes(self, block: Block) -> Iterator[Tensor]:
        """Give the pass in evaluation mode, then one sample after the other, without end.

        Args:
            block: Rows of data.

        Yields:
            float64, shape `(N, C)`.
        """
        first, prefix = self._first(block)
        with evaluating(self.model), prefix.replayed():
            plain = self._values(call(self.model, block.inputs))
        yield plain[: block.rows]
        yield first[: block.rows]
        yield from self._others(block, prefix)

    def _first(self, block: Block) -> tuple[Tensor, Prefix]:
        if self.alone or self.strategy == "loop":
            return self._sample(block, 0, Prefix()), Prefix()
        self.sources.seed(self._seed(block, 0))
        output, prefix = record(self.model, self.sources, lambda: call(self.model, block.inputs))
        if prefix.reason:
            self.reasons.add(prefix.reason)
        return self._values(output), prefix

    def _others(self, block: Block, prefix: Prefix) -> Iterator[Tensor]:
        for sample in count(1):
            yield self._sample(block, sample, prefix)[: block.rows]

    def _sample(self, block: Block, sample: int, prefix: Prefix) -> Tensor:
        seed = self._seed(block, sample)
        if self.alone:
            rows = rows_of(block.inputs)
            return torch.cat([self._row(row, seed) for row in rows])
        self.sources.seed(seed)
        with prefix.replayed():
            return self._values(call(self.model, block.inputs))

    def _seed(self, block: Block, sample: int) -> int:
        return sample_seed(self.seed, sample, None if self.shared else block.number)

    def _row(self, row: Inputs, seed: int) -> Tensor:
        self.sources.seed(seed)
        return self._values(call(self.model, row))

    def _values(self, output: Any) -> Tensor:
        with aside():
            return self.read(output)


def aside() -> AbstractContextManager[object]:
    """Keep what is done with samples from those who watch the calls of the model."""
    return torch._C.DisableTorchFunction()


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
