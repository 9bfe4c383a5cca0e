"""How far an audit is: a bar for many files, on a terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich import progress as bars
from rich.console import Console

from ..audit import OnFile

_MANY = 100  # files; fewer are done before anybody reads a bar
_PAUSE = 0.1  # seconds between two drawings


@contextmanager
def counting(console: Console) -> Iterator[OnFile | None]:
    """Show how many files are done.

    Args:
        console: Only a terminal gets a bar.

    Yields:
        What to hand to `audit_paths` as `on_file`.
    """
    if not console.is_terminal:
        yield None
        return
    # It draws when it is told to: a thread that draws could be copied into a worker process.
    with bars.Progress(
        bars.TextColumn("{task.completed}/{task.total} files"),
        bars.BarColumn(bar_width=24),
        bars.TimeRemainingColumn(compact=True),
        console=console,
        transient=True,
        auto_refresh=False,
    ) as bar:
        yield _Count(bar)


class _Count:
    def __init__(self, bar: bars.Progress) -> None:
        self.bar = bar
        self.task = bar.add_task("", visible=False)
        self.drawn = 0.0

    def __call__(self, done: int, total: int) -> None:
        now = time.monotonic()
        due = now - self.drawn > _PAUSE and total > _MANY
        self.bar.update(self.task, completed=done, total=total, visible=total > _MANY, refresh=due)
        if due:
            self.drawn = now
