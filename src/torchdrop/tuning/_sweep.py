"""Train every cell of the grid that is not finished, and keep what comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..training import Epoch
from ._grid import Grid
from ._member import Member
from ._run_directory import RunDirectory
from ._unit import Cell, Job, Outcome, train_unit


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a sweep stands; handed to `on_progress` after each epoch and each member.

    Attributes:
        done: Members that are finished.
        total: Members of the grid.
        p: Probability of dropping of the member at work.
        seed: Its seed.
        epochs: How many epochs it is to train.
        epoch: Its last epoch.
        finished: The member, if it is finished by now.
    """

    done: int
    total: int
    p: float
    seed: int
    epochs: int
    epoch: Epoch
    finished: Member | None = None


@dataclass
class Sweep:
    """A job over a grid.

    Attributes:
        job: What is trained, on what, and how.
        grid: Its cells.
        directory: Where results are kept; `None` keeps them in memory only.
        on_progress: Told after each epoch and each member.
    """

    job: Job
    grid: Grid
    directory: RunDirectory | None
    on_progress: Callable[[Progress], None] | None

    def run(self) -> tuple[Member, ...]:
        """Train what is not finished yet; return all members ordered by rate, then seed."""
        members = dict(self.directory.finished) if self.directory else {}
        left = [cell for cell in self.grid.cells if cell not in members]

        def on_epoch(cell: Cell, epoch: Epoch) -> None:
            if self.directory:
                self.directory.record_epoch(*cell, epoch)
            self._report(cell, epoch, len(members))

        def on_outcome(outcome: Outcome) -> None:
            member = outcome.member
            if self.directory:
                self.directory.record_member(member, outcome.weights)
            members[member.p, member.seed] = member
            last = member.history.epochs[-1]
            self._report((member.p, member.seed), last, len(members), member)

        if left:
            train_unit(self.job, left, on_epoch=on_epoch, on_outcome=on_outcome)
        return tuple(members[cell] for cell in sorted(members))

    def _report(self, cell: Cell, epoch: Epoch, done: int, finished: Member | None = None) -> None:
        if self.on_progress:
            total, epochs = len(self.grid.cells), self.job.settings.epochs
            self.on_progress(Progress(done, total, *cell, epochs, epoch, finished))
