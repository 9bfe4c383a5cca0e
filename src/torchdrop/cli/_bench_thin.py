"""`torchdrop bench thin`: training that skips what it drops."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from ..benchmarks import (
    THIN_CONTESTANTS,
    Budget,
    Machine,
    ThinBenchmark,
    ThinCase,
    benchmark_thin,
    describe_machine,
)
from ..errors import SettingError
from ._bench_options import AsJson, AsMarkdown, Quick, check_flags, numbers, show, showing
from ._bench_tables import place
from ._console import errors
from ._figures import Figures

_QUICK = Budget(total_seconds=0.1, rounds=5)


def thin(
    networks: Annotated[
        str, typer.Option(help="Hidden layers and their width, such as 3x1024,2x4096.")
    ] = "3x1024",
    batches: Annotated[str, typer.Option(help="Rows in a step.")] = "128,512",
    p: Annotated[str, typer.Option(help="Probabilities of dropping.")] = "0.5",
    quick: Quick = False,
    markdown: AsMarkdown = False,
    as_json: AsJson = False,
) -> None:
    """Time training steps: no dropout, nn.Dropout, ours, and thinned chains."""
    check_flags(markdown=markdown, as_json=as_json)
    with showing(errors) as observer:
        result = benchmark_thin(
            _shapes(networks),
            numbers(batches, "--batches") or (),
            _rates(p),
            budget=_QUICK if quick else Budget(),
            on_progress=observer,
        )
        machine = describe_machine()
    show(_tabulate(result, machine), result.to_dict(), machine, markdown, as_json)


def _shapes(text: str) -> list[tuple[int, int]]:
    parts = [re.fullmatch(r"(\d+)x(\d+)", part.strip()) for part in text.split(",")]
    if not all(parts):
        raise SettingError(f"--networks takes layers and width, such as 3x1024; got {text!r}.")
    return [(int(part[1]), int(part[2])) for part in parts if part]


def _rates(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise SettingError(f"--p takes numbers, such as 0.3,0.5; got {text!r}.") from None


def _tabulate(result: ThinBenchmark, machine: Machine) -> Figures:
    return Figures(
        headings=(
            *("network", "batch", "p", *THIN_CONTESTANTS),
            *(f"{name}\n/ none" for name in THIN_CONTESTANTS[1:]),
            "limit",
        ),
        rows=tuple(map(_row, result.cases)),
        keys=3,
        caption=(
            "Milliseconds per training step with SGD, medians. limit: share of the multiplications "
            f"that is left. {place(machine)}"
        ),
    )


def _row(case: ThinCase) -> tuple[str, ...]:
    times = (f"{case.milliseconds(name):.2f}" for name in THIN_CONTESTANTS)
    ratios = (f"{case.ratio(name):.2f}" for name in THIN_CONTESTANTS[1:])
    return case.network, str(case.batch), f"{case.p:g}", *times, *ratios, f"{case.limit:.2f}"
