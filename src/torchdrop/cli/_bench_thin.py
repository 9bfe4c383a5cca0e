"""`torchdrop bench thin`: training that skips what it drops."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from ..benchmarks import (
    THIN_CONTESTANTS,
    THIN_OPTIMIZERS,
    Budget,
    Machine,
    ThinBenchmark,
    ThinCase,
    benchmark_thin,
    describe_machine,
    hidden_layers,
)
from ..errors import SettingError
from ._bench_options import AsJson, AsMarkdown, Quick, check_flags, numbers, show, showing
from ._bench_tables import place
from ._console import errors
from ._figures import Figures

_QUICK = Budget(sample_seconds=5e-2, total_seconds=0.25, rounds=5)


def thin(
    networks: Annotated[
        str,
        typer.Option(help="Hidden layers and their width, 3x1024, or all widths: 512-2048-512."),
    ] = "3x1024",
    batches: Annotated[str, typer.Option(help="Rows in a step.")] = "128,512",
    p: Annotated[str, typer.Option(help="Probabilities of dropping.")] = "0.5",
    optimizer: Annotated[str, typer.Option(help=f"One of {', '.join(THIN_OPTIMIZERS)}.")] = "sgd",
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
            optimizer=optimizer,
            budget=_QUICK if quick else None,
            on_progress=observer,
        )
        machine = describe_machine()
    show(_tabulate(result, optimizer, machine), result.to_dict(), machine, markdown, as_json)


def _shapes(text: str) -> list[tuple[int, ...]]:
    shapes = []
    for part in map(str.strip, text.split(",")):
        if hidden := re.fullmatch(r"(\d+)x(\d+)", part):
            shapes.append(hidden_layers(int(hidden[1]), int(hidden[2])))
        elif re.fullmatch(r"\d+(-\d+){2,}", part):
            shapes.append(tuple(map(int, part.split("-"))))
        else:
            raise SettingError(
                "--networks takes hidden layers and their width, such as 3x1024, or all widths, "
                f"such as 512-2048-512; got {part!r}."
            )
    return shapes


def _rates(text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise SettingError(f"--p takes numbers, such as 0.3,0.5; got {text!r}.") from None


def _tabulate(result: ThinBenchmark, optimizer: str, machine: Machine) -> Figures:
    return Figures(
        headings=(
            *("network", "batch", "p", *THIN_CONTESTANTS),
            *(f"{name}\n/ none" for name in THIN_CONTESTANTS[1:]),
            "limit",
        ),
        rows=tuple(map(_row, result.cases)),
        keys=3,
        caption=(
            f"Milliseconds per training step with {optimizer}, medians. limit: share of the "
            f"multiplications that is left. {place(machine)}"
        ),
    )


def _row(case: ThinCase) -> tuple[str, ...]:
    times = (f"{case.milliseconds(name):.2f}" for name in THIN_CONTESTANTS)
    ratios = (f"{case.ratio(name):.2f}" for name in THIN_CONTESTANTS[1:])
    return case.network, str(case.batch), f"{case.p:g}", *times, *ratios, f"{case.limit:.2f}"
