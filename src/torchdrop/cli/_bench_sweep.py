"""`torchdrop bench sweep`: a whole grid of rates and seeds, as users train it and as tune does."""

from __future__ import annotations

from typing import Annotated

import typer

from ..benchmarks import SWEEP_CONTESTANTS, SWEEP_NETWORKS, benchmark_sweep, describe_machine
from ..errors import SettingError
from ._bench_options import AsJson, AsMarkdown, Quick, check_flags, numbers, show, showing
from ._bench_sweep_table import tabulate_sweep
from ._console import errors

_QUICK_MEMBERS = [6]


def sweep(
    networks: Annotated[
        str | None,
        typer.Option(help="chapter (64-200-100-50-10), layers and width (3x1024), or several."),
    ] = None,
    widths: Annotated[
        str | None, typer.Option(help="Three hidden layers of each width, in place of --networks.")
    ] = None,
    members: Annotated[
        str | None,
        typer.Option(help="Networks in the grid: 1 to 6, or multiples of 6. 30, wide ones 6."),
    ] = None,
    rows: Annotated[
        str | None, typer.Option(help="Rows to train on, drawn from digits; by default all.")
    ] = None,
    contestants: Annotated[
        str | None, typer.Option(help="Among a, b, c, d, e and loop; all by default.")
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the rows.")] = None,
    repeats: Annotated[int | None, typer.Option(help="Runs of each contestant.")] = None,
    threads: Annotated[int | None, typer.Option(help="Torch's threads, but for c.")] = None,
    quick: Quick = False,
    markdown: AsMarkdown = False,
    as_json: AsJson = False,
) -> None:
    """Time a whole grid: a DataLoader loop, one in memory, one per core, and ours."""
    check_flags(markdown=markdown, as_json=as_json)
    chosen = _networks(networks, widths)
    with showing(errors) as observer:
        result = benchmark_sweep(
            chosen or (SWEEP_NETWORKS[:1] if quick else SWEEP_NETWORKS),
            numbers(members, "--members") or (_QUICK_MEMBERS if quick else None),
            numbers(rows, "--rows"),
            contestants=contestants.split(",") if contestants is not None else [*SWEEP_CONTESTANTS],
            epochs=_or_default(epochs, 1 if quick else 3),
            repeats=_or_default(repeats, 1 if quick else 3),
            threads=threads,
            on_progress=observer,
        )
        machine = describe_machine()
    show(tabulate_sweep(result, machine), result.to_dict(), machine, markdown, as_json)


def _networks(networks: str | None, widths: str | None) -> list[str] | None:
    """The networks asked for by either option; `None` if neither is given."""
    if networks is not None and widths is not None:
        raise SettingError("--networks and --widths both say what to train; choose one.")
    if networks is not None:
        return networks.split(",")
    asked = numbers(widths, "--widths")
    return None if asked is None else [f"3x{width}" for width in asked]


def _or_default(value: int | None, default: int) -> int:
    return default if value is None else value
