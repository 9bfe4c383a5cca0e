"""Who trains a sweep's units: this process, others on this machine, a cluster, any executor."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ..errors import SettingError, TorchdropError
from ..training import Epoch
from ._crew import Crew, check_can_travel, train_packed
from ._network import NetworkFactory
from ._processes import ProcessCrew
from ._unit import Cell
from ._units import Unit

MOST_WORKERS = 1000


def choose_crew(
    workers: int, executor: Executor | None, make_network: NetworkFactory
) -> Crew | None:
    """Find out who trains, before any work.

    Args:
        workers: How many processes on this machine; 0 for none but this one.
        executor: Somebody else's workers.
        make_network: What they must be able to call.

    Returns:
        Those who train; `None` for this process.

    Raises:
        SettingError: If both are given, or `workers` is out of range.
        ModelError: If the factory cannot travel to them.
    """
    if not 0 <= workers <= MOST_WORKERS:
        raise SettingError(f"workers is from 0 to {MOST_WORKERS:,}; got {workers}.")
    if workers and executor is not None:
        raise SettingError(
            "workers are processes of this machine and executor is others; give one."
        )
    if executor is not None:
        check_can_travel(make_network, far=not isinstance(executor, ThreadPoolExecutor))
        return _crew_of(executor)
    if workers:
        check_can_travel(make_network, far=False)
        return ProcessCrew(workers)
    return None


@contextmanager
def dask_executor(address: str) -> Iterator[Executor]:
    """Connect to a running dask.distributed cluster inside the block.

    Args:
        address: Of its scheduler, such as `tcp://10.0.0.1:8786`.

    Yields:
        An executor for `tune`.

    Raises:
        SettingError: If dask is not installed, or nobody answers at the address.
    """
    try:
        from ._cluster import connected  # noqa: PLC0415
    except ImportError as error:
        raise SettingError(
            f"A cluster needs dask.distributed ({error}); install it with "
            "`pip install torchdrop[dask]`."
        ) from error
    with connected(address) as executor:
        yield executor


class ExecutorCrew(Crew):
    """An executor of the user's. The job travels with each unit, as it knows no other way.

    Args:
        executor: Stays open after the sweep.
    """

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self._futures: list[Future[bytes]] = []

    def start(self, job: bytes) -> None:
        """Keep the job for the units."""
        self._job = job

    def submit(self, unit: Unit, checkpoint: Path | None) -> Future[bytes]:
        """Send the job and a unit."""
        future = self._executor.submit(train_packed, self._job, unit, _keep_quiet)
        self._futures.append(future)
        return future

    def renew(self, error: Exception) -> None:
        """Give up: workers of an executor are its owner's.

        Args:
            error: What happened.

        Raises:
            TorchdropError: Always.
        """
        raise TorchdropError(
            "A worker of the executor died, and an executor of your own is not ours to restart; "
            "start a new one, and go on with existing='resume'."
        ) from error

    def stop(self, *, now: bool) -> None:
        """Take back what has not begun; a unit in work goes on to its end."""
        for future in self._futures:
            future.cancel()


def _crew_of(executor: Executor) -> Crew:
    if type(executor).__module__.partition(".")[0] == "distributed":
        from ._cluster import DaskCrew  # noqa: PLC0415

        client: Any = executor._client  # type: ignore[attr-defined]
        return DaskCrew(client)
    return ExecutorCrew(executor)


def _keep_quiet(cell: Cell, epoch: Epoch) -> None:
    """Tell nobody: an executor has no way back but its results."""
