"""The operation alone: dropout against copy, ReLU and torch's dropout, in time and memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import torch

from ..errors import SettingError
from ._contestants import bytes_kept, check_compiler, contestants
from ._progress import Observer, Progress, watch_nothing
from ._threads import threads as using_threads
from ._timing import Budget, Timing, measure

SIZES = (1 << 12, 25_600, 1 << 16, 1 << 20, 1 << 24, 1 << 26)
DTYPES = {
    "float32": torch.float32,
    "bfloat16": torch.bfloat16,
    "float16": torch.float16,
    "float64": torch.float64,
}
CONTESTANTS = {
    "copy": "`y.copy_(x)`",
    "ReLU forward": "`nn.ReLU`",
    "ReLU forward+backward": "`nn.ReLU`",
    "nn.Dropout forward": "torch's layer, eager",
    "nn.Dropout forward+backward": "torch's layer, eager",
    "compiled forward+backward": "torch's layer under `torch.compile`",
    "kernel": "ours, into a buffer that exists, without autograd",
    "ours forward": "`functional.dropout`",
    "ours forward+backward": "`functional.dropout`",
    "reference forward": "`functional.dropout` on the torch path",
    "reference forward+backward": "`functional.dropout` on the torch path",
}
RATIOS = (
    ("kernel", "copy"),
    ("ours forward+backward", "ReLU forward+backward"),
    ("nn.Dropout forward+backward", "ours forward+backward"),
)


@dataclass(frozen=True, slots=True)
class KernelCase:
    """One size, dtype and number of threads.

    Attributes:
        elements: Size of the input.
        dtype: Its type, a name in `DTYPES`.
        threads: Torch's threads.
        p: Probability of dropping.
        timings: Seconds per call, by contestant; see `CONTESTANTS`.
        bytes_kept: Bytes kept for backward by `ours`, `nn.Dropout` and `ReLU`.
    """

    elements: int
    dtype: str
    threads: int
    p: float
    timings: Mapping[str, Timing]
    bytes_kept: Mapping[str, int]

    def nanoseconds(self, contestant: str) -> float | None:
        """Nanoseconds per element at the median; `None` for who did not take part."""
        timing = self.timings.get(contestant)
        return 1e9 * timing.median / self.elements if timing else None

    def ratio(self, contestant: str, to: str) -> float | None:
        """The quotient of two medians; `None` where either did not take part."""
        if contestant not in self.timings or to not in self.timings:
            return None
        return self.timings[contestant].median / self.timings[to].median

    def to_dict(self) -> dict[str, Any]:
        """Return the case, with what follows from it, as plain JSON types."""
        return {
            "elements": self.elements,
            "dtype": self.dtype,
            "threads": self.threads,
            "p": self.p,
            "timings": {name: timing.to_dict() for name, timing in self.timings.items()},
            "nanoseconds_per_element": {name: self.nanoseconds(name) for name in self.timings},
            "ratios": {f"{name} / {to}": self.ratio(name, to) for name, to in RATIOS},
            "bytes_kept": dict(self.bytes_kept),
        }


@dataclass(frozen=True, slots=True)
class KernelBenchmark:
    """All cases of a run.

    Attributes:
        cases: In the order measured: by size, dtype, then threads.
    """

    cases: tuple[KernelCase, ...]

    def speedup(self, case: KernelCase, contestant: str) -> float | None:
        """How many times faster a case is than the same one on a single thread, if measured."""
        for other in self.cases:
            if (other.elements, other.dtype, other.threads) == (case.elements, case.dtype, 1):
                if contestant not in case.timings or contestant not in other.timings:
                    return None
                return other.timings[contestant].median / case.timings[contestant].median
        return None

    def to_dict(self) -> dict[str, Any]:
        """Return the cases as plain JSON types."""
        return {"cases": [case.to_dict() for case in self.cases]}


def benchmark_kernel(
    sizes: Sequence[int] = SIZES,
    dtypes: Sequence[str] = tuple(DTYPES),
    threads: Sequence[int] = (1, 2),
    *,
    p: float = 0.5,
    compiled: bool = False,
    budget: Budget | None = None,
    on_progress: Observer = watch_nothing,
) -> KernelBenchmark:
    """Time dropout against copy, ReLU and torch's own, for each size, dtype and thread count.

    Ours is whichever kernel is in use; `kernels.using` around the call chooses another. With the
    native kernel the torch path runs as well, up to a million elements.

    Args:
        sizes: Elements of the input, each at least 1.
        dtypes: Names in `DTYPES`.
        threads: Torch's threads; the number before the call is restored.
        p: Probability of dropping, in `(0, 1)`.
        compiled: Whether `nn.Dropout` under `torch.compile` takes part; compiling takes seconds
            per case and needs a C++ compiler.
        budget: How long to measure one case.
        on_progress: Called before each case.

    Returns:
        One case per combination.

    Raises:
        SettingError: If a setting is out of range, or no compiler is found for `compiled`.
    """
    _check(sizes, dtypes, threads, p)
    if compiled:
        check_compiler()
    grid = list(product(sizes, dtypes, threads))
    return KernelBenchmark(tuple(_measure_all(grid, p, compiled, budget, on_progress)))


def _measure_all(
    grid: list[tuple[int, str, int]],
    p: float,
    compiled: bool,
    budget: Budget | None,
    on_progress: Observer,
) -> Iterator[KernelCase]:
    for done, (elements, dtype, count) in enumerate(grid):
        words = f"{elements:,} elements, {dtype}, {count} {'thread' if count == 1 else 'threads'}"
        on_progress(Progress(done, len(grid), words))
        with using_threads(count), torch.random.fork_rng(devices=[]):
            kind = DTYPES[dtype]
            timings = measure(contestants(elements, kind, p, compiled=compiled), budget)
            kept = bytes_kept(kind, elements, p)
        yield KernelCase(elements, dtype, count, p, timings, kept)


def _check(sizes: Sequence[int], dtypes: Sequence[str], threads: Sequence[int], p: float) -> None:
    if not sizes or min(sizes) < 1:
        raise SettingError(f"sizes are numbers of elements, each at least 1; got {list(sizes)}.")
    if not dtypes or any(dtype not in DTYPES for dtype in dtypes):
        raise SettingError(f"dtypes are among {', '.join(DTYPES)}; got {list(dtypes)}.")
    if not threads or min(threads) < 1:
        raise SettingError(f"threads are numbers, each at least 1; got {list(threads)}.")
    if not 0.0 < p < 1.0:
        raise SettingError(
            f"p is the probability of dropping, here inside (0, 1), as 0 and 1 take no draw; got "
            f"p={p}."
        )
