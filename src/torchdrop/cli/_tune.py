"""`torchdrop tune`: the main command."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from ..data import Dataset, Task, load
from ..errors import SettingError
from ..networks import ACTIVATIONS, MLP
from ..report import write_html
from ..tuning import (
    REPORT,
    Choice,
    Matmul,
    NetworkFactory,
    TuningResult,
    dask_executor,
    import_factory,
)
from ..tuning import tune as run_sweep
from ._console import errors
from ._progress import showing
from ._tune_text import introduce, say_how_to_go_on, show

N = TypeVar("N", int, float)

_NETWORK = "Network"
_TRAINING = "Training"
_BEYOND = "Beyond the grid"
_MACHINES = "Machines"
_OUTPUT = "Output"


def tune(
    data: Annotated[
        str,
        typer.Argument(help="digits, mnist, fashion-mnist, or a .csv, .parquet or .npz file."),
    ] = "digits",
    target: Annotated[str | None, typer.Option(help="Column to predict, for a table.")] = None,
    task: Annotated[Task | None, typer.Option(help="If it cannot be told from the target.")] = None,
    data_dir: Annotated[
        Path | None, typer.Option(help="Folder with the idx files of mnist or fashion-mnist.")
    ] = None,
    split_seed: Annotated[int, typer.Option(help="Seed of the validation (and test) split.")] = 0,
    p: Annotated[
        str, typer.Option(help="Dropout rates to compare; 0 is always among them.")
    ] = "0,0.1,0.2,0.3,0.4,0.5",
    seeds: Annotated[int, typer.Option(help="Networks trained at each rate.")] = 5,
    hidden: Annotated[
        str | None,
        typer.Option(
            help="Widths of the hidden layers (default: 200,100,50).", rich_help_panel=_NETWORK
        ),
    ] = None,
    activation: Annotated[
        str, typer.Option(help="Activation of the hidden layers.", rich_help_panel=_NETWORK)
    ] = "leaky_relu",
    model: Annotated[
        str | None,
        typer.Option(
            help="Your own network instead: package.module:callable, called with p.",
            rich_help_panel=_NETWORK,
        ),
    ] = None,
    epochs: Annotated[int, typer.Option(rich_help_panel=_TRAINING)] = 30,
    batch_size: Annotated[int, typer.Option(rich_help_panel=_TRAINING)] = 64,
    optimizer: Annotated[
        str, typer.Option(help="adam, adamw or sgd.", rich_help_panel=_TRAINING)
    ] = "adam",
    lr: Annotated[float, typer.Option(help="Learning rate.", rich_help_panel=_TRAINING)] = 1e-3,
    max_norm: Annotated[
        float | None,
        typer.Option(help="Largest norm of a unit's incoming weights.", rich_help_panel=_TRAINING),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            help="End a network's training after so many epochs without a better one.",
            rich_help_panel=_TRAINING,
        ),
    ] = None,
    engine: Annotated[
        Choice,
        typer.Option(
            help="loop: one network after the other; stacked: as one; auto: the faster one.",
            rich_help_panel=_TRAINING,
        ),
    ] = "auto",
    matmul: Annotated[
        Matmul,
        typer.Option(
            help="auto: oneDNN multiplies matrices where it is faster; torch: never.",
            rich_help_panel=_TRAINING,
        ),
    ] = "auto",
    thin: Annotated[
        bool,
        typer.Option(
            "--thin",
            help="Do not compute what is dropped, which a mini-batch then shares.",
            rich_help_panel=_TRAINING,
        ),
    ] = False,
    refine: Annotated[
        bool,
        typer.Option(
            "--refine",
            help="Add rates around the best while they can decide something.",
            rich_help_panel=_BEYOND,
        ),
    ] = False,
    per_layer: Annotated[
        bool,
        typer.Option(
            "--per-layer",
            help="Then search one p for each layer (torchdrop[optuna]).",
            rich_help_panel=_BEYOND,
        ),
    ] = False,
    learn: Annotated[
        bool,
        typer.Option(
            "--learn", help="Then let networks learn p by gradient.", rich_help_panel=_BEYOND
        ),
    ] = False,
    workers: Annotated[
        int,
        typer.Option(
            help="Processes of this machine that train; 0: none but this one.",
            rich_help_panel=_MACHINES,
        ),
    ] = 0,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Scheduler of a dask cluster that trains, such as tcp://10.0.0.1:8786.",
            rich_help_panel=_MACHINES,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Run directory (default: a new one in runs/).", rich_help_panel=_OUTPUT),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the run in --out.", rich_help_panel=_OUTPUT)
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the run in --out.", rich_help_panel=_OUTPUT)
    ] = False,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Only the report's path.", rich_help_panel=_OUTPUT)
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the result as JSON.", rich_help_panel=_OUTPUT)
    ] = False,
) -> None:
    """Train a network at every dropout rate and say which is best, and how sure that is."""
    _check_flags(hidden=hidden, model=model, out=out, resume=resume, force=force)
    if workers and dask:
        raise SettingError("--workers are processes of this machine, --dask is others; choose one.")
    rates = _numbers(p, "--p", float)
    widths = _numbers(hidden or "200,100,50", "--hidden", int)
    dataset = load(data, target=target, task=task, data_dir=data_dir, seed=split_seed)
    factory = import_factory(model) if model else _mlp_for(dataset, widths, activation)
    directory = out or _new_directory(Path("runs"), dataset.name)
    result = _sweep(
        factory,
        dataset,
        directory,
        quiet=quiet,
        dask=dask,
        p=rates,
        seeds=seeds,
        epochs=epochs,
        batch_size=batch_size,
        optimizer=optimizer,
        lr=lr,
        max_norm=max_norm,
        patience=patience,
        engine=engine,
        matmul=matmul,
        thin=thin,
        refine=refine,
        per_layer=per_layer,
        learn=learn,
        workers=workers,
        existing="resume" if resume else "overwrite" if force else "refuse",
    )
    path = write_html(result, directory / REPORT)
    if as_json:
        print(json.dumps(result.to_dict(), indent=2))  # noqa: T201
    else:
        show(result, path, quiet=quiet)


def _sweep(
    factory: NetworkFactory,
    dataset: Dataset,
    out: Path,
    *,
    quiet: bool,
    dask: str | None,
    **settings: Any,
) -> TuningResult:
    """Run the sweep under a progress display; Ctrl-C says what is kept and how to go on."""

    def say(text: str) -> None:
        if not quiet:
            errors.print(text, markup=False, highlight=False)

    try:
        with (
            dask_executor(dask) if dask else nullcontext() as executor,
            showing(errors, quiet=quiet) as observer,
        ):
            return run_sweep(
                *(factory, dataset),
                executor=executor,
                out=out,
                on_start=lambda start: say(introduce(start)),
                on_progress=observer,
                on_beyond=say,
                **settings,
            )
    except KeyboardInterrupt:
        errors.print(say_how_to_go_on(out), markup=False, highlight=False)
        raise typer.Exit(130) from None


def _check_flags(
    *, hidden: str | None, model: str | None, out: Path | None, resume: bool, force: bool
) -> None:
    if hidden and model:
        raise SettingError("--hidden describes the built-in network; leave it out with --model.")
    if resume and force:
        raise SettingError("--resume keeps what is there and --force replaces it; choose one.")
    if (resume or force) and not out:
        flag = "--resume" if resume else "--force"
        raise SettingError(f"{flag} is about the run in a directory; name it with --out.")


def _numbers(text: str, option: str, kind: Callable[[str], N]) -> list[N]:
    try:
        return [kind(part) for part in text.split(",")]
    except ValueError:
        raise SettingError(
            f"{option} takes numbers with commas between them, such as "
            f"{'0,0.1,0.2' if kind is float else '200,100,50'}; got {text!r}."
        ) from None


def _mlp_for(dataset: Dataset, hidden: list[int], activation: str) -> MLP:
    if activation not in ACTIVATIONS:
        raise SettingError(f"--activation is one of {', '.join(ACTIVATIONS)}; got {activation!r}.")
    if any(width < 1 for width in hidden):
        raise SettingError(f"--hidden takes positive widths; got {','.join(map(str, hidden))}.")
    # Fused layers give the same numbers in less time.
    return MLP((math.prod(dataset.shape), *hidden, dataset.outputs), activation, fuse=True)


def _new_directory(parent: Path, name: str) -> Path:
    """Name a directory that does not exist yet: `digits`, `digits-2`, and so on."""
    stem = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "run"
    number = 1
    while (path := parent / (stem if number == 1 else f"{stem}-{number}")).exists():
        number += 1
    return path
