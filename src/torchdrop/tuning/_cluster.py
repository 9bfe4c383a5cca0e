"""Workers of a dask.distributed cluster; imported only where one is used.

The job is a plugin of the cluster: each worker gets it once, those that join later too, so it is
not lost with any of them. Dask itself gives a dead worker's unit to another one.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from distributed import Client, KilledWorker, Worker, WorkerPlugin, get_worker

from ..errors import SettingError, TorchdropError
from ..training import Epoch
from ._crew import Crew, train_packed
from ._unit import Cell
from ._units import Unit

_CONNECT_SECONDS = 10


@contextmanager
def connected(address: str) -> Iterator[Executor]:
    """Connect to a scheduler inside the block.

    Args:
        address: Where it listens.

    Yields:
        An executor on its workers.

    Raises:
        SettingError: If nobody answers.
    """
    try:
        client: Any = Client(  # type: ignore[no-untyped-call]
            address, timeout=_CONNECT_SECONDS, set_as_default=False
        )
    except (OSError, ValueError) as error:
        raise SettingError(
            f"No dask scheduler answers at {address}: {error}. Start one with `dask scheduler`, "
            "and give the address that it prints."
        ) from error
    with client:
        yield client.get_executor()


class DaskCrew(Crew):
    """The workers of a cluster.

    Args:
        client: A `distributed.Client`; stays open after the sweep.
    """

    def __init__(self, client: Any) -> None:
        self.deaths = (KilledWorker,)
        self._client = client
        self._executor = client.get_executor(pure=False)
        self._name = f"torchdrop-{uuid.uuid4().hex}"
        self._news: SimpleQueue[tuple[Cell, Epoch]] = SimpleQueue()
        self._futures: list[Future[bytes]] = []
        # Units in threads of one worker take turns, so workers count, not threads.
        self.size = len(client.nthreads()) or None

    def start(self, job: bytes) -> None:
        """Give the job to every worker, now and when one joins."""
        self._client.register_plugin(_JobPlugin(job), name=self._name)
        self._client.subscribe_topic(self._name, self._listen)

    def submit(self, unit: Unit, checkpoint: Path | None) -> Future[bytes]:
        """Leave it to the scheduler who trains a unit."""
        future: Future[bytes] = self._executor.submit(_train, self._name, unit)
        self._futures.append(future)
        return future

    def news(self) -> list[tuple[Cell, Epoch]]:
        """Take what workers have reported."""
        return [self._news.get() for _ in range(self._news.qsize())]

    def renew(self, error: Exception) -> None:
        """Give up, as the scheduler has, which replaced workers before.

        Args:
            error: What it says.

        Raises:
            TorchdropError: Always.
        """
        raise TorchdropError(
            f"The cluster gave up: {error} Look for a lack of memory there, and go on with "
            "--resume."
        ) from error

    def stop(self, *, now: bool) -> None:
        """Take the job away again; a unit in work stops at the end of its epoch."""
        for future in self._futures:
            future.cancel()
        if self._client.status == "running":
            self._client.unsubscribe_topic(self._name)
            self._client.unregister_worker_plugin(self._name)

    def _listen(self, event: tuple[float, Any]) -> None:
        p, seed, epoch = event[1]
        self._news.put(((p, seed), Epoch(**epoch)))


class _JobPlugin(WorkerPlugin):
    """Holds the job on a worker."""

    def __init__(self, job: bytes) -> None:
        self.job = job

    def setup(self, worker: Worker) -> None:
        self.stopped = threading.Event()

    def teardown(self, worker: Worker) -> None:
        self.stopped.set()


def _train(name: str, unit: Unit) -> bytes:
    worker = get_worker()
    plugin: Any = worker.plugins[name]

    def report(cell: Cell, epoch: Epoch) -> None:
        if plugin.stopped.is_set():
            raise TorchdropError("The sweep was stopped.")
        worker.log_event(name, (*cell, asdict(epoch)))

    return train_packed(plugin.job, unit, report)
