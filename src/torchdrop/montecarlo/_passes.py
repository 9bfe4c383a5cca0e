"""The passes of one block of rows: as a plain loop, or with the beginning computed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor, nn

from ..modes import same_masks
from ._blocks import Block, Inputs
from ._replay import Prefix, record
from ._seeds import sample_seed

Strategy: TypeAlias = Literal["auto", "loop"]
Read: TypeAlias = Callable[[Any], Tensor]


@dataclass(slots=True)
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

    def samples(self, block: Block) -> Iterator[Tensor]:
        """Give one sample of a block after the other, without end: float64, shape `(N, C)`."""
        prefix = Prefix()
        sample = 0
        while True:
            seed = sample_seed(self.seed, sample, None if self.shared else block.number)
            with same_masks(self.model, seed):
                if sample == 0 and self.strategy == "auto" and not self.alone:
                    output, prefix = record(self.model, lambda: call(self.model, block.inputs))
                    values = self.read(output)
                else:
                    with prefix.replayed() if prefix.outputs else nullcontext():
                        values = self._run(block.inputs)
            if prefix.reason:
                self.reasons.add(prefix.reason)
            yield values[: block.rows]
            sample += 1

    def _run(self, inputs: Inputs) -> Tensor:
        if not self.alone:
            return self.read(call(self.model, inputs))
        rows = len(inputs if isinstance(inputs, Tensor) else next(iter(inputs.values())))
        one = (_row(inputs, i) for i in range(rows))
        return torch.cat([self.read(call(self.model, row)) for row in one])


def call(model: nn.Module, inputs: Inputs) -> Any:
    """Run the model on inputs."""
    return model(**inputs) if isinstance(inputs, Mapping) else model(inputs)


def _row(inputs: Inputs, i: int) -> Inputs:
    if isinstance(inputs, Tensor):
        return inputs[i : i + 1]
    return {name: x[i : i + 1] for name, x in inputs.items()}
