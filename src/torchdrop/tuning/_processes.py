"""Worker processes on this machine, none of which outlives the sweep."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Lock
from pathlib import Path

import torch

from ..training import Epoch
from ._crew import Crew, train_packed
from ._unit import Cell
from ._units import Unit


@dataclass(frozen=True)
class _Orders:
    """What a process gets when it starts.

    Attributes:
        job: The packed job.
        threads: How many threads torch may use.
        lifeline: Has nothing to read until the sweep lets go of it, or dies.
        news: Where epochs are reported.
        turn: Held while reporting.
    """

    job: bytes
    threads: int
    lifeline: Connection
    news: Connection
    turn: Lock


class ProcessCrew(Crew):
    """Processes that are started afresh, each with its share of torch's threads.

    Args:
        size: How many, at least 1.
    """

    def __init__(self, size: int) -> None:
        self.size = self.window = size
        self._threads = max(1, torch.get_num_threads() // size)

    def start(self, job: bytes) -> None:
        """Prepare the processes; each starts with the first unit for it."""
        self._job = job
        context = get_context("spawn")
        self._held, self._lifeline = context.Pipe(duplex=False)
        self._news, self._reports = context.Pipe(duplex=False)
        orders = _Orders(job, self._threads, self._held, self._reports, context.Lock())
        self._pool = ProcessPoolExecutor(
            self.size, mp_context=context, initializer=_begin, initargs=(orders,)
        )

    def submit(self, unit: Unit, checkpoint: Path | None) -> Future[bytes]:
        """Have a unit trained by a process that is free."""
        with _interrupts_for_us_alone():
            return self._pool.submit(_train, unit, checkpoint)

    def news(self) -> list[tuple[Cell, Epoch]]:
        """Read what processes have reported."""
        news = []
        while self._news.poll():
            news.append(self._news.recv())
        return news

    def renew(self, error: Exception) -> None:
        """Start over with new processes: a pool ends when one of its processes dies."""
        self.stop(now=True)
        self.start(self._job)

    def stop(self, *, now: bool) -> None:
        """End the processes; `now` ends them in the middle of their work."""
        if now:
            self._lifeline.close()
        self._pool.shutdown(wait=True, cancel_futures=True)
        for end in (self._lifeline, self._held, self._news, self._reports):
            end.close()


@contextmanager
def _interrupts_for_us_alone() -> Iterator[None]:
    """Start processes that Ctrl-C does not reach: it is for this one, which then lets them go."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


_orders: _Orders


def _begin(orders: _Orders) -> None:
    global _orders  # noqa: PLW0603
    _orders = orders
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with, args=(orders.lifeline,), daemon=True).start()
    torch.set_num_threads(orders.threads)


def _die_with(lifeline: Connection) -> None:
    """Wait until the other end is closed, as it also is when the process there is killed."""
    try:
        lifeline.poll(None)
    finally:
        os._exit(1)


def _train(unit: Unit, checkpoint: Path | None) -> bytes:
    return train_packed(_orders.job, unit, _report, checkpoint)


def _report(cell: Cell, epoch: Epoch) -> None:
    with _orders.turn:
        _orders.news.send((cell, epoch))
