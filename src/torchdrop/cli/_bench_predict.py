"""`torchdrop bench predict`: what many samples of a prediction cost."""

from __future__ import annotations

from typing import Annotated

import typer

from ..benchmarks import (
    PLACES,
    PREDICT_NETWORKS,
    Budget,
    Machine,
    PredictBenchmark,
    PredictCase,
    benchmark_predict,
    describe_machine,
)
from ._bench_options import AsJson, AsMarkdown, Quick, check_flags, show, showing
from ._bench_tables import place
from ._console import errors
from ._figures import Figures

_QUICK = Budget(total_seconds=0.1, rounds=3)
_MIB = 1 << 20


def predict(
    networks: Annotated[str, typer.Option(help="mlp, cnn, or both.")] = ",".join(PREDICT_NETWORKS),
    places: Annotated[
        str, typer.Option(help="Of the first dropout: late, middle, first.")
    ] = ",".join(PLACES),
    rows: Annotated[int, typer.Option(help="Rows to predict.")] = 256,
    samples: Annotated[int, typer.Option(help="Samples of each row.")] = 50,
    quick: Quick = False,
    markdown: AsMarkdown = False,
    as_json: AsJson = False,
) -> None:
    """Time and memory of Monte Carlo prediction: plain loops, other packages, ours."""
    check_flags(markdown=markdown, as_json=as_json)
    with showing(errors) as observer:
        result = benchmark_predict(
            networks.split(","),
            places.split(","),
            rows=rows,
            samples=samples,
            budget=_QUICK if quick else Budget(),
            on_progress=observer,
        )
        machine = describe_machine()
    show(_tabulate(result, machine), result.to_dict(), machine, markdown, as_json)


def _tabulate(result: PredictBenchmark, machine: Machine) -> Figures:
    names = list(result.cases[0].timings)
    left = f" Not installed: {', '.join(result.missing)}." if result.missing else ""
    return Figures(
        headings=(
            *("network", "dropout", *names),
            *(f"loop\n/ {name}" for name in names[1:]),
            *(f"MiB\n{name}" for name in names),
        ),
        rows=tuple(_row(case, names) for case in result.cases),
        keys=2,
        caption=(
            f"Milliseconds for {result.cases[0].samples} samples of {result.cases[0].rows} rows, "
            "medians. MiB: the most that tensors take at once, beside the network and the input."
            f"{left} {place(machine)}"
        ),
    )


def _row(case: PredictCase, names: list[str]) -> tuple[str, ...]:
    times = (f"{1e3 * case.timings[name].median:.1f}" for name in names)
    ratios = (f"{case.ratio(name):.2f}" for name in names[1:])
    memory = (f"{case.peaks[name] / _MIB:.2f}" for name in names)
    return case.network, case.place, *times, *ratios, *memory
