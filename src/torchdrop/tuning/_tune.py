"""The sweep: train every member of the grid, and judge."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from os import PathLike
from pathlib import Path
from typing import Any

from ..data import Dataset, from_arrays
from ..errors import SettingError
from ..kernels import STREAM_VERSION, Matmul
from ..networks import MLP
from ..training import TrainingSettings
from ._beyond import Beyond
from ._executors import choose_crew
from ._fingerprint import fingerprint
from ._grid import DEFAULT_RATES, Grid
from ._initial import initial_network
from ._layout import layout_of
from ._network import NetworkFactory, Thinned, check_network, describe
from ._plan import Choice, Plan, plan_for
from ._result import DataSummary, TuningResult
from ._run_directory import Existing, RunDirectory, check_usable, recorded_routes
from ._sweep import Progress, Sweep
from ._unit import Job


@dataclass(frozen=True, slots=True)
class Start:
    """What is about to be trained; handed to `on_start` when all checks have passed.

    Attributes:
        data: What it is trained on.
        plan: Which engine trains, and why.
        notes: What an interrupted run left damaged, a sentence each.
    """

    data: DataSummary
    plan: Plan
    notes: tuple[str, ...]


def tune(
    make_network: NetworkFactory,
    data: Dataset | tuple[Any, Any],
    *,
    p: Sequence[float] = DEFAULT_RATES,
    seeds: int = 5,
    epochs: int = 30,
    batch_size: int = 64,
    optimizer: str = "adam",
    lr: float = 1e-3,
    max_norm: float | None = None,
    patience: int | None = None,
    engine: Choice = "auto",
    matmul: Matmul = "auto",
    thin: bool = False,
    refine: bool = False,
    per_layer: bool = False,
    learn: bool = False,
    workers: int = 0,
    executor: Executor | None = None,
    out: str | PathLike[str] | None = None,
    existing: Existing = "refuse",
    on_start: Callable[[Start], None] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    on_beyond: Callable[[str], None] | None = None,
) -> TuningResult:
    """Train a network at every dropout rate and seed, and say which rate is best.

    Members of one seed start from the same weights and see the same batches at every p, so they
    are compared in pairs. Each keeps its best epoch by validation loss; the test part is touched
    once after that, and decides nothing. torch's global generator is left as it was.

    Args:
        make_network: Called with p, returns a new network: logits `(N, classes)` for
            classification, `(N, 1)` or `(N,)` for regression.
        data: A `Dataset`, or arrays or tensors `(x, y)`, of which a fifth is kept for testing and
            a fifth of the rest for validation.
        p: Probabilities of dropping, each in `[0, 1)`. 0 is added if it is missing.
        seeds: How many seeds, from 1 to 1,000; from 2 on there is a verdict.
        epochs: Passes over the training part.
        batch_size: Rows of a mini-batch.
        optimizer: `adam`, `adamw` or `sgd` (momentum 0.9).
        lr: Learning rate.
        max_norm: Largest L2 norm of a unit's incoming weights; `None` for no limit.
        patience: Epochs without a better validation loss after which a network's training ends;
            `None` trains all epochs.
        engine: `stacked` trains networks as one program, as many at once as pay; `loop` trains
            one after the other, and is what the stack must equal, to rounding. `auto` takes the
            faster one, and `on_start` is told which and why.
        matmul: `torch` for torch's own matrix products; `auto` lets oneDNN multiply where networks
            are trained one at a time and it is faster.
        thin: Whether networks are thinned: what a mini-batch drops is the same for all of its rows
            and is not computed; see `torchdrop.surgery.thin`. They are trained one after the
            other, by torch's matrix products, and cannot learn p by gradient.
        refine: Whether rates around the best are added as long as they can decide something.
        per_layer: Whether one p for each layer is searched afterwards; needs
            `torchdrop[optuna]`.
        learn: Whether networks that learn p by gradient are trained beside the grid.
        workers: Processes of this machine that train, each with its share of torch's threads; 0
            trains in this one. They need a `make_network` that can be pickled, such as a function
            at the top of a module. Results are the same bit for bit at the same number of threads.
        executor: Others who train, instead of `workers`: any `concurrent.futures.Executor`, such
            as a dask client's `get_executor()`. A dask cluster is sent the data once for each
            worker; other executors get it with every unit of work.
        out: Directory to keep the run in; `None` keeps it in memory only.
        existing: What to do if `out` holds a run: `refuse`, `resume` or `overwrite` it.
        on_start: Called once, when all checks have passed and training begins.
        on_progress: Called after each epoch and each member.
        on_beyond: Called with a sentence as the search per layer and the learning go on.

    Returns:
        All members with their epochs, the table and the verdict.

    Raises:
        SettingError: If a setting is out of range.
        DataError: If nothing can be learned from the data.
        ModelError: If the network does not fit the data, drops nothing, cannot be sent to
            workers, or has no chain to thin.
        RunDirectoryError: If `out` may not be written to.
        TorchdropError: If workers died that could not be replaced; what is finished is kept.
    """
    grid = Grid.of(p, seeds)
    training = TrainingSettings(epochs, batch_size, optimizer, lr, max_norm, patience)
    crew = choose_crew(workers, executor, make_network)
    if out is not None:
        check_usable(Path(out), existing)
    dataset = _dataset_for(make_network, data)
    layout = layout_of(check_network(make_network, dataset, grid.rates[-1]))
    make_network = _thinned(make_network, grid, learn=learn) if thin else make_network
    beyond = Beyond(per_layer, learn, on_beyond)
    beyond.check(make_network, grid)
    plan = plan_for(engine, matmul, make_network, dataset, training, grid)
    if out is not None and existing == "resume":
        plan = replace(plan, routes=recorded_routes(Path(out), plan.routes))
    summary = _summarize_data(dataset)
    settings = {
        "stream": STREAM_VERSION,
        "network": describe(make_network),
        "p": list(grid.rates),
        "seeds": grid.seeds,
        "training": asdict(training),
        "engine": plan.engine,
        "matmul": {name: routes.to_dict() for name, routes in plan.routes.items()},
        "beyond": {"refine": refine, "per_layer": per_layer, "learn": learn},
    }
    stored = {
        **settings,
        "data": {**asdict(summary), "content": fingerprint(dataset)},
        "encoder": dataset.encoder.to_dict(),
    }
    job = Job(make_network, dataset, training, plan.engine, plan.routes)
    with RunDirectory(Path(out), stored, existing) if out is not None else nullcontext() as run:
        if on_start:
            on_start(Start(summary, plan, tuple(run.notes) if run else ()))
        sweep = Sweep(job, grid, plan.members, refine, run, crew, on_progress)
        result = TuningResult(settings, summary, sweep.run(), layout)
        result = beyond.extend(result, job, run)
        if run:
            run.finish(result)
    return result


def _dataset_for(make_network: NetworkFactory, data: Dataset | tuple[Any, Any]) -> Dataset:
    dataset = data if isinstance(data, Dataset) else from_arrays(*data)
    return dataset.flattened() if isinstance(make_network, MLP) else dataset


def _thinned(make_network: NetworkFactory, grid: Grid, *, learn: bool) -> Thinned:
    """Wrap the factory, and refuse what cannot be thinned before any work."""
    if learn:
        raise SettingError(
            "Networks that learn p by gradient have soft masks, which leave nothing out to skip; "
            "choose one of learn and thin."
        )
    thinned = Thinned(make_network)
    initial_network(thinned, grid.rates[-1], seed=0)
    return thinned


def _summarize_data(data: Dataset) -> DataSummary:
    return DataSummary(
        name=data.name,
        task=data.task,
        rows=(len(data.train), len(data.validation), len(data.test)),
        shape=data.shape,
        classes=data.classes,
        notes=data.notes,
    )
