"""Who trains the grid in `benchmark_sweep`, and how one of them is run once."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np
import torch

from ..data import Dataset
from . import _sweep_users
from ._processes import run_watched

SWEEP_CONTESTANTS = {
    "a": "as users write it: DataLoader, nn.Dropout, Adam, one run after the other",
    "b": "the same from tensors in memory",
    "c": "one process per core running b, one torch thread each",
    "d": "`torchdrop.tune`, engine stacked",
    "e": "`torchdrop.tune`, engine stacked, 2 workers",
    "loop": "`torchdrop.tune`, engine loop",
}
USERS = ("a", "b", "c")

_OURS = "from torchdrop.benchmarks._sweep_ours import main; main()"


@dataclass(frozen=True, slots=True)
class Task:
    """What a process is told to do.

    Attributes:
        contestant: A name in `SWEEP_CONTESTANTS`.
        data: An `.npz` file with the rows; see `write_rows`.
        hidden: Units of the hidden layers.
        cells: Rate and seed of each network.
        epochs: Passes over the training rows.
        batch_size: Rows of a mini-batch.
        lr: Learning rate of Adam.
        threads: Torch's threads; `None` leaves torch's own choice.
        cores: Processes of c, at most.
    """

    contestant: str
    data: str
    hidden: tuple[int, ...]
    cells: tuple[tuple[float, int], ...]
    epochs: int
    batch_size: int
    lr: float
    threads: int | None
    cores: int


@dataclass(frozen=True, slots=True)
class SweepRun:
    """The whole grid, trained once by one contestant.

    Attributes:
        seconds: Wall time.
        cpu_seconds: Processor time, user and system, child processes included.
        peak_bytes: Memory, summed over the processes; `None` where the system does not tell.
        members: Networks that were trained.
        first_loss: Training loss in evaluation mode after the first epoch, mean over the networks.
        last_loss: The same after the last epoch.
        validation_loss: Loss on the validation rows after the last epoch, mean over the networks.
    """

    seconds: float
    cpu_seconds: float
    peak_bytes: int | None
    members: int
    first_loss: float
    last_loss: float
    validation_loss: float

    def to_dict(self) -> dict[str, Any]:
        """Return the run as plain JSON types."""
        return asdict(self)


def run_once(task: Task) -> SweepRun:
    """Run one contestant in a fresh process, so that no one's memory or caches help another.

    Args:
        task: What to train, and by whom.

    Returns:
        What it took, and what came out.

    Raises:
        RuntimeError: If the process fails.
    """
    users = [sys.executable, str(Path(_sweep_users.__file__))]
    ours = [sys.executable, "-c", _OURS]
    output, peak = run_watched(
        users if task.contestant in USERS else ours, json.dumps(asdict(task))
    )
    outcome = json.loads(output)
    losses = outcome["losses"]
    return SweepRun(
        seconds=outcome["seconds"],
        cpu_seconds=outcome["cpu_seconds"],
        peak_bytes=peak,
        members=len(losses),
        first_loss=fmean(own[0][0] for own in losses),
        last_loss=fmean(own[-1][0] for own in losses),
        validation_loss=fmean(own[-1][1] for own in losses),
    )


def write_rows(data: Dataset, rows: int | None, path: str | os.PathLike[str]) -> int:
    """Write the rows that all contestants of a case read.

    Args:
        data: Where they come from.
        rows: How many to train on, drawn from the training part with replacement, and a quarter
            as many to validate on; `None` takes both parts as they are. The test part stays.
        path: An `.npz` file to write: `train_x` `(N, D)`, `train_y` `(N,)`, and so on.

    Returns:
        How many rows there are to train on.
    """
    counts = {"train": rows, "validation": rows and max(1, rows // 4), "test": None}
    generator = torch.Generator().manual_seed(0)
    arrays: dict[str, Any] = {}
    for name, count in counts.items():
        part = getattr(data, name)
        drawn = (
            torch.arange(len(part))
            if count is None
            else torch.randint(len(part), (count,), generator=generator)
        )
        arrays |= {f"{name}_x": part.x[drawn].numpy(), f"{name}_y": part.y[drawn].numpy()}
    np.savez(path, **arrays)
    return len(arrays["train_y"])


def cells_of(members: int, rates: Sequence[float]) -> tuple[tuple[float, int], ...]:
    """Spread networks over the grid: all rates with as many seeds as it takes.

    Args:
        members: At most as many as there are rates, or a multiple of that.
        rates: Probabilities of dropping, ascending, 0 first.

    Returns:
        Rate and seed of each; below the number of rates p = 0 and the highest rates, with a single
        network the highest alone.
    """
    if members < len(rates):
        rates = rates[-1:] if members == 1 else (rates[0], *rates[len(rates) + 1 - members :])
    return tuple((p, seed) for seed in range(max(1, members // len(rates))) for p in rates)
