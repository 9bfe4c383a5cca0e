"""A training step that skips what it drops, against those that compute it all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import torch
from torch import nn

from ..errors import SettingError
from ..networks import mlp
from ..surgery import thin
from ._compared import BASE, Compared
from ._progress import Observer, Progress, watch_nothing
from ._timing import Budget, Contestant, Timing, measure

THIN_CONTESTANTS = ("none", "nn.Dropout", "ours", "thinned", "written", "4 groups")

_INPUTS, _OUTPUTS = 784, 10
_SEED = 0
_STILL = 0.0  # learning rate: all of the optimizer's work, yet every step does the same


@dataclass(frozen=True, slots=True)
class ThinCase(Compared):
    """One network, batch size and rate.

    Attributes:
        depth: Hidden layers.
        width: Units of each.
        batch: Rows in a step.
        p: Probability of dropping.
        timings: Seconds per step of each of `THIN_CONTESTANTS`.
    """

    depth: int
    width: int
    batch: int
    p: float
    timings: Mapping[str, Timing]

    @property
    def network(self) -> str:
        """Such as `3x1024`."""
        return f"{self.depth}x{self.width}"

    @property
    def limit(self) -> float:
        """Share of the multiplications that is left: what thinning could come to at best."""
        kept = max(1, round((1 - self.p) * self.width))
        left = _multiplications(self.depth, kept)
        return left / _multiplications(self.depth, self.width)

    def to_dict(self) -> dict[str, Any]:
        """Return the case, with what follows from it, as plain JSON types."""
        return {
            "network": self.network,
            "batch": self.batch,
            "p": self.p,
            "limit": self.limit,
            **self.figures(),
        }


@dataclass(frozen=True, slots=True)
class ThinBenchmark:
    """All cases of a run.

    Attributes:
        cases: In the order measured: by network, batch, then rate.
    """

    cases: tuple[ThinCase, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the cases as plain JSON types."""
        return {"cases": [case.to_dict() for case in self.cases]}


def benchmark_thin(
    networks: Sequence[tuple[int, int]] = ((3, 1024),),
    batches: Sequence[int] = (128, 512),
    rates: Sequence[float] = (0.5,),
    *,
    budget: Budget | None = None,
    on_progress: Observer = watch_nothing,
) -> ThinBenchmark:
    """Time training steps: forward, cross-entropy, backward, SGD with momentum.

    Thinned networks keep an exact number of units, so that shapes stay, and step aside where they
    expect to lose; "written" and "4 groups" write gradients into `.grad` themselves. All networks
    of a case start from the same weights and see the same batch; the learning rate is 0, so that
    every step does the same work.

    Args:
        networks: Number of hidden layers and their width, each at least 1.
        batches: Rows in a step, each at least 1.
        rates: Probabilities of dropping, inside `(0, 1)`.
        budget: How long to measure one case.
        on_progress: Called before each case.

    Returns:
        One case per combination.

    Raises:
        SettingError: If a setting is out of range.
    """
    if not networks or any(depth < 1 or width < 1 for depth, width in networks):
        raise SettingError(f"networks are layers and width, at least 1; got {list(networks)}.")
    if not batches or min(batches) < 1:
        raise SettingError(f"batches are numbers of rows, each at least 1; got {list(batches)}.")
    if not rates or not all(0 < p < 1 for p in rates):
        raise SettingError(f"rates are inside (0, 1); got {list(rates)}.")
    grid = list(product(networks, batches, rates))
    return ThinBenchmark(tuple(_measure_all(grid, budget, on_progress)))


def _measure_all(
    grid: list[tuple[tuple[int, int], int, float]], budget: Budget | None, on_progress: Observer
) -> Iterator[ThinCase]:
    for done, ((depth, width), batch, p) in enumerate(grid):
        on_progress(Progress(done, len(grid), f"{depth}x{width}, batch {batch}, p = {p:g}"))
        with torch.random.fork_rng(devices=[]):
            steps = {
                name: _make_step(model, batch) for name, model in _build(depth, width, p).items()
            }
            timings = measure(steps, budget)
        yield ThinCase(depth, width, batch, p, timings)


def _build(depth: int, width: int, p: float) -> dict[str, nn.Module]:
    def network() -> nn.Sequential:
        torch.manual_seed(_SEED)
        return mlp(_INPUTS, *[width] * depth, _OUTPUTS, p=p, activation="relu")

    layers = [layer for layer in network() if not isinstance(layer, nn.Dropout)]
    torchs = [nn.Dropout(p) if isinstance(layer, nn.Dropout) else layer for layer in network()]
    return {
        BASE: nn.Sequential(*layers),
        "nn.Dropout": nn.Sequential(*torchs),
        "ours": network(),
        "thinned": thin(network(), count="exact"),
        "written": thin(network(), count="exact", write_gradients=True),
        "4 groups": thin(network(), count="exact", groups=4, write_gradients=True),
    }


def _make_step(model: nn.Module, batch: int) -> Contestant:
    generator = torch.Generator().manual_seed(_SEED)
    x = torch.randn(batch, _INPUTS, generator=generator)
    y = torch.randint(_OUTPUTS, (batch,), generator=generator)
    optimizer = torch.optim.SGD(model.parameters(), lr=_STILL, momentum=0.95, fused=True)

    def step() -> None:
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def _multiplications(depth: int, width: int) -> int:
    return sum(a * b for a, b in pairwise((_INPUTS, *[width] * depth, _OUTPUTS)))
