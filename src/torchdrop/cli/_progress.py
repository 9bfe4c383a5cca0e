"""Progress of a sweep: one live bar for the whole grid, or a line per member in a log."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich import progress as bars
from rich.console import Console

from ..tuning import Member, Progress

Observer = Callable[[Progress], None]


@contextmanager
def showing(console: Console, *, quiet: bool) -> Iterator[Observer]:
    """Show progress on `console` inside the block.

    Args:
        console: A terminal gets a live bar, anything else plain lines.
        quiet: Whether to show nothing at all.

    Yields:
        What to hand to `tune` as `on_progress`.
    """
    if quiet:
        yield lambda progress: None
    elif console.is_terminal:
        with _make_bar(console) as bar:
            yield _BarUpdate(bar)
    else:
        yield lambda progress: _print_line(console, progress)


def describe_member(member: Member) -> str:
    """Say in a line how a member came out."""
    best = member.history.best
    if member.history.diverged:
        return f"p={member.p:g} seed {member.seed}: diverged"
    score = (
        f"test loss {member.test_loss:.4f}"
        if member.test_accuracy is None
        else f"test accuracy {100 * member.test_accuracy:.2f} %"
    )
    return (
        f"p={member.p:g} seed {member.seed}: validation loss {best.validation_loss:.4f} "
        f"at epoch {best.number} of {len(member.history.epochs)}, {score}, "
        f"{member.history.seconds:.1f} s"
    )


class _BarUpdate:
    """Moves the bar; it appears with the first epoch, so a resumed run shows a true time left.

    Networks may be at work together: the position is the sum of what each has come to.
    """

    def __init__(self, bar: bars.Progress) -> None:
        self.bar = bar
        self.task: bars.TaskID | None = None
        self.reached: dict[tuple[float, int], int] = {}
        self.finished = 0

    def __call__(self, progress: Progress) -> None:
        self.finished += progress.finished is not None
        earlier = progress.done - self.finished
        reached = progress.epochs if progress.finished else progress.epoch.number
        self.reached[progress.p, progress.seed] = reached
        position = earlier * progress.epochs + sum(self.reached.values())
        fields: dict[str, Any] = {
            "members": f"{progress.done}/{progress.total}",
            "doing": _describe(progress),
        }
        if self.task is None:
            total = progress.total * progress.epochs
            self.task = self.bar.add_task("", total=total, completed=position, **fields)
        self.bar.update(self.task, completed=position, refresh=False, **fields)


def _make_bar(console: Console) -> bars.Progress:
    return bars.Progress(
        bars.TextColumn("{task.fields[members]} trained"),
        bars.BarColumn(bar_width=24),
        bars.TaskProgressColumn(),
        bars.TextColumn("{task.fields[doing]}"),
        bars.TimeRemainingColumn(compact=True),
        bars.TextColumn("left"),
        console=console,
        transient=True,
    )


def _describe(progress: Progress) -> str:
    epoch = progress.epoch
    return (
        f"p={progress.p:g} seed {progress.seed} epoch {epoch.number}/{progress.epochs} "
        f"loss {epoch.training_loss:.4f} validation {epoch.validation_loss:.4f}"
    )


def _print_line(console: Console, progress: Progress) -> None:
    if progress.finished:
        line = describe_member(progress.finished)
        console.print(f"[{progress.done}/{progress.total}] {line}", markup=False, highlight=False)
