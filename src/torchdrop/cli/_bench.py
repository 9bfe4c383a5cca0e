"""`torchdrop bench`: what dropout costs on this machine."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import Annotated

import typer

from .. import kernels
from ..benchmarks import (
    BATCHES,
    DTYPES,
    NETWORKS,
    SIZES,
    Budget,
    benchmark_kernel,
    benchmark_step,
    describe_machine,
)
from ..errors import SettingError
from ._bench_options import AsJson, AsMarkdown, Quick, check_flags, numbers, show, showing
from ._bench_predict import predict
from ._bench_sweep import sweep
from ._bench_tables import tabulate_kernel, tabulate_step
from ._bench_thin import thin
from ._console import errors

_QUICK = Budget(total_seconds=0.05, rounds=5)
_QUICK_SIZES = (25_600, 1 << 20)

bench = typer.Typer(
    help="Measure what dropout costs on this machine.",
    no_args_is_help=True,
    rich_markup_mode="rich",
)
bench.command(epilog="Example: torchdrop bench sweep --members 6,30,120 --contestants b,d")(sweep)
bench.command(epilog="Example: torchdrop bench predict --networks cnn --places late")(predict)
bench.command(epilog="Example: torchdrop bench thin --networks 3x1024,2x4096 --p 0.3,0.5")(thin)

Threads = Annotated[str | None, typer.Option(help="Numbers of torch's threads.")]
Rate = Annotated[float, typer.Option(help="Probability of dropping.")]
Forced = Annotated[
    str | None,
    typer.Option(help="native, native-avx512, native-avx2, native-baseline or torch."),
]
Seconds = Annotated[float | None, typer.Option(help="Time to spend on each contestant of a case.")]


@bench.command(epilog="Example: torchdrop bench kernel --sizes 64k,1M --dtypes float32,bfloat16")
def kernel(
    sizes: Annotated[
        str | None,
        typer.Option(help="Elements; k and M are 1024 and 1024^2. From 4k to 64M by default."),
    ] = None,
    dtypes: Annotated[
        str | None, typer.Option(help="float32, bfloat16, float16, float64; all by default.")
    ] = None,
    threads: Threads = None,
    p: Rate = 0.5,
    kernel: Forced = None,
    compiled: Annotated[
        bool, typer.Option("--compiled", help="With nn.Dropout under torch.compile, too.")
    ] = False,
    seconds: Seconds = None,
    quick: Quick = False,
    markdown: AsMarkdown = False,
    as_json: AsJson = False,
) -> None:
    """Time the operation alone: ours, nn.Dropout, ReLU and copy."""
    check_flags(markdown=markdown, as_json=as_json)
    default_sizes, default_dtypes = (_QUICK_SIZES, ("float32",)) if quick else (SIZES, (*DTYPES,))
    with _forced(kernel), showing(errors) as observer:
        result = benchmark_kernel(
            numbers(sizes, "--sizes") or default_sizes,
            dtypes.split(",") if dtypes is not None else default_dtypes,
            numbers(threads, "--threads") or (1, 2),
            p=p,
            compiled=compiled,
            budget=_budget(seconds, quick),
            on_progress=observer,
        )
        machine = describe_machine()
    show(tabulate_kernel(result, machine), result.to_dict(), machine, markdown, as_json)


@bench.command(epilog="Example: torchdrop bench step --networks chapter --batches 32")
def step(
    networks: Annotated[
        str | None, typer.Option(help="chapter (300-200-100-50-10), 3x1024 (784-...-10), or both.")
    ] = None,
    batches: Annotated[str | None, typer.Option(help="Rows in a step: 32,128,512.")] = None,
    threads: Threads = None,
    p: Rate = 0.5,
    activation: Annotated[str, typer.Option(help="Of the hidden layers.")] = "leaky_relu",
    kernel: Forced = None,
    seconds: Seconds = None,
    quick: Quick = False,
    markdown: AsMarkdown = False,
    as_json: AsJson = False,
) -> None:
    """Time training steps: no dropout, nn.Dropout, ours, and ours fused with the activation."""
    check_flags(markdown=markdown, as_json=as_json)
    with _forced(kernel), showing(errors) as observer:
        result = benchmark_step(
            networks.split(",") if networks is not None else tuple(NETWORKS),
            numbers(batches, "--batches") or (BATCHES[:1] if quick else BATCHES),
            numbers(threads, "--threads"),
            p=p,
            activation=activation,
            budget=_budget(seconds, quick),
            on_progress=observer,
        )
        machine = describe_machine()
    show(tabulate_step(result, machine), result.to_dict(), machine, markdown, as_json)


def _forced(name: str | None) -> AbstractContextManager[object]:
    """Use the kernel asked for; without a name, the one that is in use anyway."""
    return nullcontext() if name is None else kernels.using(name)


def _budget(seconds: float | None, quick: bool) -> Budget:
    if seconds is None:
        return _QUICK if quick else Budget()
    if not seconds > 0:
        raise SettingError(f"--seconds is a time above 0; got {seconds}.")
    return Budget(total_seconds=seconds)
