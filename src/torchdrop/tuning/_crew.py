"""Units trained elsewhere: how they travel, and what is done about workers that die.

A job goes out as bytes and outcomes come back as bytes. Tensors in them are pickled whole, not
handed over in shared memory: that ends with a killed process, and other machines have none.
"""

from __future__ import annotations

import pickle
import threading
from abc import ABC, abstractmethod
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from functools import lru_cache
from importlib import metadata
from pathlib import Path

import torch

from ..errors import ModelError, SettingError, TorchdropError
from ..training import Epoch
from ._network import NetworkFactory
from ._unit import Cell, Job, Outcome, train_unit
from ._units import Unit

ATTEMPTS = 3
_LOOK_SECONDS = 0.1

_turn = threading.Lock()


class Crew(ABC):
    """Those who train units: worker processes, a cluster, or any executor.

    Attributes:
        size: How many units are in work at once; `None` if nobody knows.
        window: How many units to hand out at most before one is back; `None` for all at once.
        deaths: What a unit's future raises if its worker died.
    """

    size: int | None = None
    window: int | None = None
    deaths: tuple[type[Exception], ...] = (BrokenExecutor,)

    @abstractmethod
    def start(self, job: bytes) -> None:
        """Hand the packed job to all who will work on it, or keep it for them."""

    @abstractmethod
    def submit(self, unit: Unit, checkpoint: Path | None) -> Future[bytes]:
        """Have a unit trained; the future gives packed outcomes.

        Args:
            unit: Which networks.
            checkpoint: A file of this machine, of use to workers that share its disk.

        Returns:
            A future of packed outcomes.
        """

    @abstractmethod
    def renew(self, error: Exception) -> None:
        """Replace workers that died, with all that they held.

        Args:
            error: What a unit's future raised.

        Raises:
            TorchdropError: If that is not ours to do.
        """

    @abstractmethod
    def stop(self, *, now: bool) -> None:
        """Let everybody go; `now` is in the middle of their work."""

    def news(self) -> list[tuple[Cell, Epoch]]:
        """Epochs that ended since the last call, where workers can tell."""
        return []


def train_units(
    crew: Crew,
    job: Job,
    units: Mapping[Unit, Path | None],
    *,
    on_epoch: Callable[[Cell, Epoch], None],
    on_outcome: Callable[[Outcome], None],
) -> None:
    """Have units of a job trained by a crew.

    A unit whose worker died is trained again, up to three times in all. An error in training is
    raised at once. Whatever ends it, nobody is left working.

    Args:
        crew: Who trains them.
        job: What to train, on what, and how.
        units: Which networks, in the order in which they are handed out, each with the file
            where it may be kept half done.
        on_epoch: Called with a cell and its epoch if the crew can tell; one that is trained again
            starts again.
        on_outcome: Called once with each network, when its unit is done.

    Raises:
        TorchdropError: If workers died that cannot be replaced, or once too often.
    """
    finished = False
    try:
        crew.start(pack(job))
        _hand_out(crew, units, on_epoch, on_outcome)
        finished = True
    finally:
        crew.stop(now=not finished)


def _hand_out(
    crew: Crew,
    units: Mapping[Unit, Path | None],
    on_epoch: Callable[[Cell, Epoch], None],
    on_outcome: Callable[[Outcome], None],
) -> None:
    waiting, attempts = deque(units), Counter[Unit]()
    running: dict[Future[bytes], Unit] = {}
    while waiting or running:
        while waiting and (crew.window is None or len(running) < crew.window):
            unit = waiting.popleft()
            attempts[unit] += 1
            running[crew.submit(unit, units[unit])] = unit
        wait(running, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
        for news in crew.news():
            on_epoch(*news)
        broken: Exception | None = None
        for future in [future for future in running if future.done()]:
            try:
                outcomes = _open(future)
            except crew.deaths as error:
                broken = error
                continue
            del running[future]
            for outcome in outcomes:
                on_outcome(outcome)
        if broken:
            lost = list(running.values())
            running.clear()
            _check_attempts(lost, attempts, broken)
            crew.renew(broken)
            waiting.extendleft(reversed(lost))


def _open(future: Future[bytes]) -> list[Outcome]:
    try:
        content = future.result()
    except CancelledError as error:
        raise TorchdropError(
            "The executor dropped units of the sweep, as it does when it is shut down or its "
            "scheduler is gone; start it again, and go on with --resume."
        ) from error
    outcomes: list[Outcome] = pickle.loads(content)
    return outcomes


def _check_attempts(lost: Sequence[Unit], attempts: Counter[Unit], error: Exception) -> None:
    for unit in lost:
        if attempts[unit] >= ATTEMPTS:
            names = ", ".join(f"p={p:g} seed {seed}" for p, seed in unit)
            raise TorchdropError(
                f"Worker processes died {ATTEMPTS} times while {names} were being trained; look "
                "for a lack of memory, try fewer workers, and go on with --resume."
            ) from error


def check_can_travel(make_network: NetworkFactory, *, far: bool) -> None:
    """Refuse a factory that a worker could not find.

    Args:
        make_network: Called with p.
        far: Whether workers do not share this process's main script.

    Raises:
        ModelError: If it cannot be pickled, or only here.
    """
    name = getattr(make_network, "__qualname__", type(make_network).__name__)
    try:
        content = pickle.dumps(make_network)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise ModelError(
            f"{name} cannot be sent to a worker ({error}); define it with `def` at the top of a "
            "module, or train in this process."
        ) from error
    if far and b"__main__" in content:
        raise ModelError(
            f"{name} is defined in the script that was started, which workers do not have; put it "
            "into a module that they can import, or train in this process."
        )


def pack(job: Job) -> bytes:
    """Turn a job into bytes, with the versions it was made by."""
    return pickle.dumps((_versions(), pickle.dumps(job)))


@lru_cache(maxsize=1)
def unpack(content: bytes) -> Job:
    """Turn bytes back into the job; the last one is kept, so that its data is unpacked once.

    Args:
        content: What `pack` returned.

    Returns:
        The job.

    Raises:
        SettingError: If it comes from another version of torch or torchdrop.
    """
    versions, job = pickle.loads(content)
    if versions != _versions():
        raise SettingError(
            f"Workers need the versions that the sweep was started with, {_spell(versions)}; one "
            f"has {_spell(_versions())}. Install the same everywhere."
        )
    result: Job = pickle.loads(job)
    return result


def train_packed(
    job: bytes,
    unit: Unit,
    on_epoch: Callable[[Cell, Epoch], None],
    checkpoint: Path | None = None,
) -> bytes:
    """Train a unit where a worker is: what an executor calls.

    Units in threads of one process take turns, because torch's global generator is the process's.
    """
    outcomes: list[Outcome] = []
    with _turn:
        train_unit(
            *(unpack(job), unit),
            checkpoint=checkpoint,
            on_epoch=on_epoch,
            on_outcome=outcomes.append,
        )
    return pickle.dumps(outcomes)


def _versions() -> dict[str, str]:
    # A build for CPU and one for GPU may work together: cut off what follows the plus sign.
    return {
        "torchdrop": metadata.version("torchdrop"),
        "torch": torch.__version__.partition("+")[0],
    }


def _spell(versions: dict[str, str]) -> str:
    return " and ".join(f"{name} {version}" for name, version in versions.items())
