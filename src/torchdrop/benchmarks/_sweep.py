"""A whole grid of dropout rates and seeds: as users train it, and by `torchdrop.tune`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from ..data import load
from ..errors import SettingError
from ._machine import describe_machine
from ._progress import Observer, Progress, watch_nothing
from ._sweep_contestants import (
    SWEEP_CONTESTANTS,
    SweepRun,
    Task,
    cells_of,
    run_once,
    write_rows,
)

SWEEP_NETWORKS = ("chapter", "3x1024")
RATES = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)
BATCH_SIZE = 64
LR = 1e-3
RATIOS = (("a", "d"), ("b", "d"), ("c", "d"), ("loop", "d"), ("d", "e"))
FEWEST_ROWS = 8

_CHAPTER = (200, 100, 50)
_WIDE = 512  # units of a layer from which the default is fewer networks
_MEMBERS, _WIDE_MEMBERS = 30, 6


@dataclass(frozen=True, slots=True)
class SweepCase:
    """One network, number of networks and number of rows.

    Attributes:
        network: `chapter`, or layers and width such as `3x1024`.
        hidden: Units of the hidden layers; 64 inputs come before and 10 classes after them.
        members: Networks in the grid.
        rows: Rows to train on.
        epochs: Passes over them.
        runs: What each repeat took, by contestant; see `SWEEP_CONTESTANTS`.
    """

    network: str
    hidden: tuple[int, ...]
    members: int
    rows: int
    epochs: int
    runs: Mapping[str, tuple[SweepRun, ...]]

    def seconds(self, contestant: str) -> float:
        """Wall time of the whole grid at the median."""
        return median(run.seconds for run in self.runs[contestant])

    def cpu_seconds(self, contestant: str) -> float:
        """Processor time of the whole grid at the median, child processes included."""
        return median(run.cpu_seconds for run in self.runs[contestant])

    def peak_bytes(self, contestant: str) -> int | None:
        """Memory at the median; `None` where the system does not tell."""
        peaks = [run.peak_bytes for run in self.runs[contestant] if run.peak_bytes is not None]
        return int(median(peaks)) if peaks else None

    def seconds_per_epoch(self, contestant: str) -> float:
        """Wall time of one epoch of all networks: the whole time, divided."""
        return self.seconds(contestant) / self.epochs

    def ratio(self, contestant: str, to: str) -> float | None:
        """The quotient of two median wall times; `None` where either did not take part."""
        if contestant not in self.runs or to not in self.runs:
            return None
        return self.seconds(contestant) / self.seconds(to)

    def ratio_to_best_user(self, contestant: str) -> float | None:
        """Wall time divided by that of the faster of b and c; `None` if neither took part."""
        best = min((self.seconds(name) for name in ("b", "c") if name in self.runs), default=None)
        if best is None or contestant not in self.runs:
            return None
        return self.seconds(contestant) / best

    def to_dict(self) -> dict[str, Any]:
        """Return the case, with what follows from it, as plain JSON types."""
        ratios = {f"{name} / {to}": self.ratio(name, to) for name, to in RATIOS}
        best = {f"{name} / best of b, c": self.ratio_to_best_user(name) for name in ("d", "e")}
        return {
            "network": self.network,
            "hidden": list(self.hidden),
            "members": self.members,
            "rows": self.rows,
            "epochs": self.epochs,
            "batch_size": BATCH_SIZE,
            "runs": {name: [run.to_dict() for run in runs] for name, runs in self.runs.items()},
            "seconds": {name: self.seconds(name) for name in self.runs},
            "seconds_per_epoch": {name: self.seconds_per_epoch(name) for name in self.runs},
            "cpu_seconds": {name: self.cpu_seconds(name) for name in self.runs},
            "peak_bytes": {name: self.peak_bytes(name) for name in self.runs},
            "ratios": ratios | best,
        }


@dataclass(frozen=True, slots=True)
class SweepBenchmark:
    """All cases of a run.

    Attributes:
        cases: In the order measured: by network, members, then rows.
    """

    cases: tuple[SweepCase, ...]

    def growth(self, case: SweepCase, contestant: str) -> float | None:
        """How many times longer a case takes than the first one of the same network.

        Args:
            case: One of `cases`.
            contestant: A name in `SWEEP_CONTESTANTS`.

        Returns:
            The quotient of wall times, `None` where the contestant did not take part in both.
        """
        first = next(other for other in self.cases if other.network == case.network)
        if contestant not in case.runs or contestant not in first.runs:
            return None
        return case.seconds(contestant) / first.seconds(contestant)

    def to_dict(self) -> dict[str, Any]:
        """Return the cases, each with its growth, as plain JSON types."""
        return {
            "contestants": SWEEP_CONTESTANTS,
            "cases": [
                {**case.to_dict(), "growth": {name: self.growth(case, name) for name in case.runs}}
                for case in self.cases
            ],
        }


def benchmark_sweep(
    networks: Sequence[str] = SWEEP_NETWORKS,
    members: Sequence[int] | None = None,
    rows: Sequence[int] | None = None,
    *,
    contestants: Sequence[str] = tuple(SWEEP_CONTESTANTS),
    epochs: int = 3,
    repeats: int = 3,
    threads: int | None = None,
    on_progress: Observer = watch_nothing,
) -> SweepBenchmark:
    """Train a grid of rates and seeds on digits, as users do and by `tune`, and measure.

    All do the same work: Adam, batches of 64, training and validation loss in evaluation mode
    after each epoch, the best weights kept, one look at the test rows at the end. Each run is a
    process of its own. Its imports, reading the rows and a first training of a tiny network are
    not measured; starting the worker processes of c and e is. Repeats take turns, in another order
    each time. With a single network e does not take part, and ours are `fit_stack` and `fit`, as
    `tune` has no such grid.

    Args:
        networks: `chapter` (64-200-100-50-10), or layers and width such as `3x1024`.
        members: Networks in the grid: 1 to 6, or a multiple of 6, the number of rates. `None`
            takes 30, and 6 for layers of 512 units or more.
        rows: Rows to train on, each at least 8, drawn from digits with replacement; `None` takes
            its training part as it is.
        contestants: Names in `SWEEP_CONTESTANTS`.
        epochs: Passes over the training rows, at least 1.
        repeats: Runs of each contestant in each case, at least 1.
        threads: Torch's threads in all but the workers of c; `None` leaves torch's own choice.
        on_progress: Called before each case's repeats.

    Returns:
        One case per combination.

    Raises:
        SettingError: If a setting is out of range.
        RuntimeError: If a process of the benchmark fails.
    """
    hidden = {network: _hidden(network) for network in networks}
    _check(networks, members, rows, contestants)
    _check_counts(epochs=epochs, repeats=repeats, threads=threads)
    cores = describe_machine().cores
    sizes: Sequence[int | None] = [None] if rows is None else rows
    grid = [
        (network, count, size)
        for network in networks
        for count, size in product(members or [_default_members(hidden[network])], sizes)
    ]

    def make_task(contestant: str, network: str, count: int, path: str) -> Task:
        cells = cells_of(count, RATES)
        return Task(
            contestant, path, hidden[network], cells, epochs, BATCH_SIZE, LR, threads, cores
        )

    return SweepBenchmark(
        tuple(_measure_all(grid, make_task, list(contestants), repeats, on_progress))
    )


def _measure_all(
    grid: Sequence[tuple[str, int, int | None]],
    make_task: Callable[[str, str, int, str], Task],
    contestants: list[str],
    repeats: int,
    on_progress: Observer,
) -> Iterator[SweepCase]:
    data = load("digits").flattened()
    with TemporaryDirectory() as directory:
        path = str(Path(directory) / "rows.npz")
        for done, (network, count, size) in enumerate(grid):
            written = write_rows(data, size, path)
            words = f"{network}, {_count(count, 'network')}, {_count(written, 'row')}"
            names = [name for name in contestants if (name, count) != ("e", 1)]
            runs: dict[str, list[SweepRun]] = {name: [] for name in names}
            for turn in range(repeats):
                for name in _order(names, turn):
                    who = f"{words}: {name}, {turn + 1} of {repeats}"
                    on_progress(Progress(done, len(grid), who))
                    task = make_task(name, network, count, path)
                    runs[name].append(run_once(task))
            yield SweepCase(
                *(network, task.hidden, count, written, task.epochs),
                {name: tuple(own) for name, own in runs.items()},
            )


def _order(names: list[str], turn: int) -> list[str]:
    """Rotate the names by `turn`, and turn every other round around, as `measure` does."""
    shift = turn % len(names)
    order = names[shift:] + names[:shift]
    return order[::-1] if turn % 2 else order


def _hidden(network: str) -> tuple[int, ...]:
    """Units of the hidden layers."""
    if network == "chapter":
        return _CHAPTER
    match = re.fullmatch(r"([1-9]\d*)x([1-9]\d*)", network)
    if not match:
        raise SettingError(
            f"networks are chapter, or layers and width such as 3x1024; got {network!r}."
        )
    return (int(match[2]),) * int(match[1])


def _default_members(hidden: tuple[int, ...]) -> int:
    return _WIDE_MEMBERS if max(hidden) >= _WIDE else _MEMBERS


def _count(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def _check(
    networks: Sequence[str],
    members: Sequence[int] | None,
    rows: Sequence[int] | None,
    contestants: Sequence[str],
) -> None:
    if not networks:
        raise SettingError("networks are chapter, or layers and width such as 3x1024; got none.")
    whole = len(RATES)
    if members is not None and (
        not members or any(n < 1 or (n > whole and n % whole) for n in members)
    ):
        raise SettingError(
            f"members are 1 to {whole}, or multiples of {whole}, the number of rates; got "
            f"{list(members)}."
        )
    if rows is not None and (not rows or min(rows) < FEWEST_ROWS):
        raise SettingError(f"rows are numbers, each at least {FEWEST_ROWS}; got {list(rows)}.")
    known = all(name in SWEEP_CONTESTANTS for name in contestants)
    if not contestants or not known or len(set(contestants)) < len(contestants):
        raise SettingError(
            f"contestants are among {', '.join(SWEEP_CONTESTANTS)}, each once; got "
            f"{list(contestants)}."
        )
    if list(contestants) == ["e"] and 1 in (members or ()):
        raise SettingError("e shares networks among workers; leave it out for a single network.")


def _check_counts(*, epochs: int, repeats: int, threads: int | None) -> None:
    for name, count in (("epochs", epochs), ("repeats", repeats), ("threads", threads)):
        if count is not None and count < 1:
            raise SettingError(f"{name} is at least 1; got {count}.")
    if find_spec("resource") is None:
        raise SettingError(
            "bench sweep measures processes as Unix does, which this system is not; run it on "
            "Linux, macOS or WSL."
        )
