"""The sweep benchmark's records as a table."""

from __future__ import annotations

from ..benchmarks import Machine, SweepBenchmark, SweepCase
from ._bench_tables import _bytes, _number, place
from ._figures import Figures


def tabulate_sweep(result: SweepBenchmark, machine: Machine) -> Figures:
    """Set out times, memory and ratios, one row per case and contestant."""
    first = result.cases[0]
    epochs = f"{first.epochs} {'epoch' if first.epochs == 1 else 'epochs'}"
    repeats = max(len(runs) for case in result.cases for runs in case.runs.values())
    return Figures(
        headings=(
            *("network", "net-\nworks", "rows", "who"),
            *("s", "s /\nepoch", "ms /\nepoch,\nnetwork", "CPU s", "peak", "loss"),
            *("/ d", "/ best\nof b, c", "/ first\ncase"),
        ),
        rows=tuple(_row(result, case, name) for case in result.cases for name in case.runs),
        keys=4,
        caption=(
            f"Seconds for the whole grid, {epochs}, medians of {repeats}; CPU seconds and peak "
            "memory with child processes; loss: training loss after the last epoch, mean over "
            f"networks. {place(machine)}"
        ),
    )


def _row(result: SweepBenchmark, case: SweepCase, name: str) -> tuple[str, ...]:
    per_epoch = case.seconds_per_epoch(name)
    peak = case.peak_bytes(name)
    return (
        *(case.network, str(case.members), str(case.rows), name),
        *(_time(case.seconds(name)), _time(per_epoch)),
        *(_time(1e3 * per_epoch / case.members), _time(case.cpu_seconds(name))),
        _number(None) if peak is None else _bytes(peak),
        _number(case.runs[name][-1].last_loss),
        *(_number(case.ratio(name, "d"), 2), _number(case.ratio_to_best_user(name), 2)),
        _number(result.growth(case, name), 2),
    )


def _time(value: float) -> str:
    """Write three digits at least, and never an exponent for a long time."""
    return f"{value:.0f}" if value >= 100 else _number(value)
