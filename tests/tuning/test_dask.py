"""A sweep on a real dask cluster of worker processes, one of them killed in the middle."""

import os
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import Any

import dask
import distributed
import pytest
import torch

from torchdrop import networks
from torchdrop.data import Dataset, load
from torchdrop.errors import SettingError, TorchdropError
from torchdrop.tuning import Progress, TuningResult, dask_executor, tune

RECIPE = networks.MLP((2, 16, 3))


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """As many as a worker of dask has, so that both round alike."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@contextmanager
def _cluster(workers: int) -> Iterator[Any]:
    """Start a scheduler and worker processes that only this machine can reach."""
    local = {"host": "127.0.0.1", "dashboard_address": "127.0.0.1:0"}
    with distributed.LocalCluster(
        workers, threads_per_worker=1, processes=True, **local
    ) as cluster:  # type: ignore[no-untyped-call]
        yield cluster


def _figures(result: TuningResult) -> list[Any]:
    """All that members hold, but for how long they took."""
    return [
        (m.p, m.seed, m.test_loss, [(e.training_loss, e.validation_loss) for e in m.history.epochs])
        for m in result.members
    ]


class _Killer:
    """Kills one worker process when the first network is finished, and remembers what it saw."""

    def __init__(self, cluster: Any) -> None:
        self.cluster, self.killed = cluster, 0
        self.seen: list[Progress] = []

    def __call__(self, progress: Progress) -> None:
        self.seen.append(progress)
        if progress.done and not self.killed:
            self.killed = next(iter(self.cluster.workers.values())).pid
            os.kill(self.killed, signal.SIGKILL)


def test_a_cluster_comes_to_the_same_though_one_of_its_workers_is_killed(
    small_data: Dataset, tmp_path: Path
) -> None:
    settings: dict[str, Any] = {"p": [0.2, 0.4], "seeds": 3, "epochs": 40, "lr": 0.01}
    settings["engine"] = "loop"
    with _cluster(2) as cluster, dask_executor(cluster.scheduler_address) as executor:
        killer = _Killer(cluster)
        there = tune(
            *(RECIPE, small_data),
            executor=executor,
            out=tmp_path / "run",
            on_progress=killer,
            **settings,
        )
        plugins = executor._client.run(lambda dask_worker: [*dask_worker.plugins])  # type: ignore[attr-defined]

    assert killer.killed
    assert _figures(there) == _figures(tune(RECIPE, small_data, **settings))
    assert any(progress.finished is None for progress in killer.seen)
    assert not any("torchdrop" in name for names in plugins.values() for name in names)


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["loop", "stacked"])
def test_a_larger_cluster_comes_to_the_same_on_digits(engine: Any) -> None:
    recipe, digits = networks.MLP((64, 200, 100, 50, 10), fuse=True), load("digits")
    settings: dict[str, Any] = {"p": [0.1, 0.2, 0.3, 0.4, 0.5], "seeds": 4, "epochs": 20}
    with _cluster(4) as cluster, dask_executor(cluster.scheduler_address) as executor:
        killer = _Killer(cluster)
        there = tune(
            *(recipe, digits),
            engine=engine,
            executor=executor,
            on_progress=killer,
            **settings,
        )
    # Four processes cut stacks as four dask workers do.
    workers = {"loop": 0, "stacked": 4}[engine]
    here = tune(recipe, digits, engine=engine, workers=workers, **settings)

    assert killer.killed
    assert _figures(there) == _figures(here)


def _interrupt(progress: Progress) -> None:
    raise KeyboardInterrupt


def test_an_interrupt_or_error_frees_the_worker_and_what_dask_gives_up_is_explained(
    small_data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The only worker would never come to the second sweep if it went on with the first."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    factories = import_module("worker_factories")
    failing = factories.Failing(tmp_path / "calls")
    deadly = factories.Deadly(tmp_path / "deaths", p=0.2, times=99)
    settings: dict[str, Any] = {"p": [0.2], "seeds": 1, "epochs": 1, "engine": "loop"}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        _cluster(1) as cluster,
        dask_executor(cluster.scheduler_address) as executor,
    ):
        endless = {**settings, "epochs": 10**9}
        with pytest.raises(KeyboardInterrupt):
            tune(RECIPE, small_data, executor=executor, on_progress=_interrupt, **endless)
        with pytest.raises(ZeroDivisionError, match="a mistake in the network"):
            tune(failing, small_data, executor=executor, **settings)
        with pytest.raises(TorchdropError, match=r"The cluster gave up: .*--resume"):
            tune(deadly, small_data, executor=executor, **settings)

    assert (tmp_path / "deaths").read_text() == "x"


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torchdrop.tuning._cluster._CONNECT_SECONDS", 0.5)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{unused.getsockname()[1]}"
        with (
            pytest.raises(SettingError, match=f"No dask scheduler answers at {address}"),
            dask_executor(address),
        ):
            pass


def test_a_missing_dask_is_said_with_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torchdrop.tuning._cluster", None)
    with (
        pytest.raises(SettingError, match=r"pip install torchdrop\[dask\]"),
        dask_executor("tcp://127.0.0.1:1"),
    ):
        pass
