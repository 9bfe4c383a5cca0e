"""The benchmarks' records as tables."""

from __future__ import annotations

from ..benchmarks import KernelBenchmark, KernelCase, Machine, StepBenchmark, StepCase
from ._figures import Figures

_MISSING = "-"

# Contestant, heading; a column is left out where nobody took part.
_NANOSECONDS = (
    ("copy", "copy"),
    ("kernel", "kernel"),
    ("ReLU forward", "ReLU\nf"),
    ("ReLU forward+backward", "ReLU\nf+b"),
    ("ours forward", "ours\nf"),
    ("ours forward+backward", "ours\nf+b"),
    ("reference forward+backward", "refer-\nence\nf+b"),
    ("nn.Dropout forward", "nn.\nDropout\nf"),
    ("nn.Dropout forward+backward", "nn.\nDropout\nf+b"),
    ("compiled forward+backward", "com-\npiled\nf+b"),
)
_RATIOS = (
    "kernel\n/ copy",
    "ours\n/ ReLU",
    "nn.\nDropout\n/ ours",
    "1 thread\n/ this",
    "bytes\nkept",
)


def tabulate_kernel(result: KernelBenchmark, machine: Machine) -> Figures:
    """Set out nanoseconds per element and ratios, one row per case."""
    present = {name for case in result.cases for name in case.timings}
    columns = [(name, heading) for name, heading in _NANOSECONDS if name in present]
    headings = (
        ("elements", "dtype", "thr-\neads"),
        tuple(heading for _, heading in columns),
        _RATIOS,
    )
    rows = [
        (
            (_elements(case.elements), case.dtype, str(case.threads)),
            tuple(_number(case.nanoseconds(name)) for name, _ in columns),
            _ratios(result, case),
        )
        for case in result.cases
    ]
    return Figures(
        headings=sum(headings, ()),
        rows=tuple(sum(row, ()) for row in rows),
        keys=3,
        caption=(
            "Nanoseconds per element, medians; f forward, f+b forward+backward; ratios of f+b. "
            "Bytes kept for backward: ours / nn.Dropout's. "
            f"p = {result.cases[0].p:g}. {place(machine)}"
        ),
    )


def tabulate_step(result: StepBenchmark, machine: Machine) -> Figures:
    """Set out milliseconds per step and ratios to no dropout, one row per case."""
    first = result.cases[0]
    return Figures(
        headings=(
            *("network", "batch", "threads", "none", "nn.Dropout", "ours", "fused"),
            *("nn.Dropout\n/ none", "ours\n/ none", "fused\n/ none"),
        ),
        rows=tuple(_step_row(case) for case in result.cases),
        keys=3,
        caption=(
            "Milliseconds per training step, medians. "
            f"p = {first.p:g}, {first.activation}. {place(machine)}"
        ),
    )


def _ratios(result: KernelBenchmark, case: KernelCase) -> tuple[str, ...]:
    kept = case.bytes_kept
    return (
        _number(case.ratio("kernel", "copy"), 2),
        _number(case.ratio("ours forward+backward", "ReLU forward+backward"), 2),
        _number(case.ratio("nn.Dropout forward+backward", "ours forward+backward"), 1),
        _number(result.speedup(case, "ours forward+backward"), 2),
        f"{_bytes(kept['ours'])} / {_bytes(kept['nn.Dropout'])}",
    )


def _step_row(case: StepCase) -> tuple[str, ...]:
    times = (f"{case.milliseconds(n):.3f}" for n in ("none", "nn.Dropout", "ours", "fused"))
    ratios = (f"{case.ratio(name):.3f}" for name in ("nn.Dropout", "ours", "fused"))
    return case.network, str(case.batch), str(case.threads), *times, *ratios


def place(machine: Machine) -> str:
    """Say which kernel, torch and processor the figures are of."""
    kernel = " ".join(word for word in (machine.kernel, machine.instruction_set) if word)
    return f"Kernel: {kernel}; torch {machine.torch}; {machine.cpu}, {machine.cores} cores."


def _number(value: float | None, digits: int | None = None) -> str:
    if value is None:
        return _MISSING
    return f"{value:.3g}" if digits is None else f"{value:.{digits}f}"


def _elements(count: int) -> str:
    """Write a power of two as the command line takes it, any other count in full."""
    if count.bit_count() == 1:
        for unit, size in (("M", 1 << 20), ("k", 1 << 10)):
            if count >= size:
                return f"{count // size}{unit}"
    return f"{count:,}"


def _bytes(count: float) -> str:
    """Write a size with at most three digits before its unit."""
    for unit in ("", "K", "M"):
        if count < 1024:
            return f"{count:.3g}{unit}"
        count /= 1024
    return f"{count:.3g}G"
