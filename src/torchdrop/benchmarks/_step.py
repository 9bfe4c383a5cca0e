"""A training step: the same network without dropout, with torch's, with ours, and fused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
from torch import nn

from ..errors import SettingError
from ..networks import ACTIVATIONS, mlp
from ._compared import BASE, Compared
from ._progress import Observer, Progress, watch_nothing
from ._threads import threads as using_threads
from ._timing import Budget, Contestant, Timing, measure

NETWORKS = {
    "chapter": (300, 200, 100, 50, 10),
    "3x1024": (784, 1024, 1024, 1024, 10),
}
BATCHES = (32, 128, 512)

_SEED = 0
_STILL = 0.0  # learning rate: all of Adam's work, yet every step does the same


@dataclass(frozen=True, slots=True)
class StepCase(Compared):
    """One network, batch size and number of threads.

    Attributes:
        network: A name in `NETWORKS`.
        batch: Rows in a step.
        threads: Torch's threads.
        p: Probability of dropping.
        activation: The hidden layers' activation.
        timings: Seconds per step with `none`, `nn.Dropout`, `ours` and `fused`.
    """

    network: str
    batch: int
    threads: int
    p: float
    activation: str
    timings: Mapping[str, Timing]

    def to_dict(self) -> dict[str, Any]:
        """Return the case, with what follows from it, as plain JSON types."""
        return {
            "network": self.network,
            "widths": list(NETWORKS[self.network]),
            "batch": self.batch,
            "threads": self.threads,
            "p": self.p,
            "activation": self.activation,
            **self.figures(),
        }


@dataclass(frozen=True, slots=True)
class StepBenchmark:
    """All cases of a run.

    Attributes:
        cases: In the order measured: by network, batch, then threads.
    """

    cases: tuple[StepCase, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the cases as plain JSON types."""
        return {"cases": [case.to_dict() for case in self.cases]}


def benchmark_step(
    networks: Sequence[str] = tuple(NETWORKS),
    batches: Sequence[int] = BATCHES,
    threads: Sequence[int] | None = None,
    *,
    p: float = 0.5,
    activation: str = "leaky_relu",
    budget: Budget | None = None,
    on_progress: Observer = watch_nothing,
) -> StepBenchmark:
    """Time training steps: forward, cross-entropy, backward, Adam.

    The four networks of a case start from the same weights and see the same batch. The learning
    rate is 0, so that the weights stay and every step does the same work: else the loss of the one
    batch would fall toward 0, and gradients into denormal numbers, which are slow.

    Args:
        networks: Names in `NETWORKS`.
        batches: Rows in a step, each at least 1.
        threads: Torch's threads; `None` leaves them as they are.
        p: Probability of dropping, in `(0, 1)`.
        activation: The hidden layers' activation, a name in `ACTIVATIONS`.
        budget: How long to measure one case.
        on_progress: Called before each case.

    Returns:
        One case per combination.

    Raises:
        SettingError: If a setting is out of range.
    """
    counts = [torch.get_num_threads()] if threads is None else list(threads)
    _check(networks, batches, counts, p, activation)
    grid = list(product(networks, batches, counts))
    return StepBenchmark(tuple(_measure_all(grid, p, activation, budget, on_progress)))


def build_networks(widths: Sequence[int], p: float, activation: str) -> dict[str, nn.Sequential]:
    """Build the networks to compare, from the same weights.

    Args:
        widths: Units of each layer: inputs, hidden layers, outputs.
        p: Probability of dropping.
        activation: A name in `ACTIVATIONS`.

    Returns:
        `none` (no dropout layers), `nn.Dropout` (torch's), `ours` and `fused`, in training mode.
    """
    with torch.random.fork_rng(devices=[]):
        ours = _build(widths, p, activation, fuse=False)
        fused = _build(widths, p, activation, fuse=True)
        plain = _build(widths, p, activation, fuse=False)
        torchs = _build(widths, p, activation, fuse=False)
    return {
        BASE: nn.Sequential(*(layer for layer in plain if not isinstance(layer, nn.Dropout))),
        "nn.Dropout": nn.Sequential(
            *(nn.Dropout(p) if isinstance(layer, nn.Dropout) else layer for layer in torchs)
        ),
        "ours": ours,
        "fused": fused,
    }


def _build(widths: Sequence[int], p: float, activation: str, *, fuse: bool) -> nn.Sequential:
    torch.manual_seed(_SEED)
    return mlp(*widths, p=p, activation=activation, fuse=fuse)


def _make_step(model: nn.Module, widths: Sequence[int], batch: int) -> Contestant:
    generator = torch.Generator().manual_seed(_SEED)
    x = torch.randn(batch, widths[0], generator=generator)
    y = torch.randint(widths[-1], (batch,), generator=generator)
    optimizer = torch.optim.Adam(model.parameters(), lr=_STILL)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def _measure_all(
    grid: list[tuple[str, int, int]],
    p: float,
    activation: str,
    budget: Budget | None,
    on_progress: Observer,
) -> Iterator[StepCase]:
    for done, (network, batch, count) in enumerate(grid):
        words = f"{network}, batch {batch}, {count} {'thread' if count == 1 else 'threads'}"
        on_progress(Progress(done, len(grid), words))
        widths = NETWORKS[network]
        with using_threads(count), torch.random.fork_rng(devices=[]):
            models = build_networks(widths, p, activation)
            steps = {name: _make_step(model, widths, batch) for name, model in models.items()}
            timings = measure(steps, budget)
        yield StepCase(network, batch, count, p, activation, timings)


def _check(
    networks: Sequence[str],
    batches: Sequence[int],
    threads: Sequence[int],
    p: float,
    activation: str,
) -> None:
    if not networks or any(network not in NETWORKS for network in networks):
        raise SettingError(f"networks are among {', '.join(NETWORKS)}; got {list(networks)}.")
    if not batches or min(batches) < 1:
        raise SettingError(f"batches are numbers of rows, each at least 1; got {list(batches)}.")
    if not threads or min(threads) < 1:
        raise SettingError(f"threads are numbers, each at least 1; got {list(threads)}.")
    if not 0.0 < p < 1.0:
        raise SettingError(
            f"p is the probability of dropping, here inside (0, 1), as 0 and 1 take no draw; got "
            f"p={p}."
        )
    if activation not in ACTIVATIONS:
        raise SettingError(f"activation is one of {', '.join(ACTIVATIONS)}; got {activation!r}.")
