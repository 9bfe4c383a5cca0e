"""Train every cell of the grid that is not finished, and keep what comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..training import Epoch
from ._crew import Crew, train_units
from ._grid import Grid
from ._member import Member
from ._refine import next_rates
from ._run_directory import RunDirectory
from ._unit import Cell, Job, Outcome, train_unit
from ._units import Unit, cut, without


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
        grid: Its cells; refining adds to them.
        most: Networks in the largest stack.
        refine: Whether rates around the best one are added while they can decide something.
        directory: Where results are kept; `None` keeps them in memory only.
        crew: Who trains; `None` for this process.
        on_progress: Told after each epoch and each member.
    """

    job: Job
    grid: Grid
    most: int
    refine: bool
    directory: RunDirectory | None
    crew: Crew | None
    on_progress: Callable[[Progress], None] | None

    def run(self) -> tuple[Member, ...]:
        """Train what is not finished yet; return all members ordered by rate, then seed."""
        self._members = dict(self.directory.finished) if self.directory else {}
        self._train(self.grid)
        while self.refine and (added := next_rates(self._trained()).rates):
            self.grid = Grid(tuple(sorted({*self.grid.rates, *added})), self.grid.seeds)
            self._train(Grid(added, self.grid.seeds))
        return self._trained()

    def _trained(self) -> tuple[Member, ...]:
        # A resumed sweep knows members of later rounds, too; their turn may come.
        return tuple(self._members[cell] for cell in sorted(self.grid.cells))

    def _train(self, grid: Grid) -> None:
        if all(cell in self._members for cell in grid.cells):
            return
        if self.crew:
            self._train_elsewhere(self.crew, grid)
        else:
            self._train_here(grid)

    def _train_here(self, grid: Grid) -> None:
        def on_epoch(cell: Cell, epoch: Epoch) -> None:
            if self.directory:
                self.directory.record_epoch(*cell, epoch)
            self._report(cell, epoch)

        for unit, checkpoint in self._units(grid, workers=0).items():
            train_unit(
                *(self.job, unit),
                checkpoint=checkpoint,
                on_epoch=on_epoch,
                on_outcome=self._keep,
            )

    def _train_elsewhere(self, crew: Crew, grid: Grid) -> None:
        """Records of epochs come with the outcome: a unit whose worker dies begins again."""

        def on_outcome(outcome: Outcome) -> None:
            member = outcome.member
            if self.directory:
                for epoch in member.history.epochs:
                    self.directory.record_epoch(member.p, member.seed, epoch)
            self._keep(outcome)

        units = self._units(grid, crew.size)
        train_units(crew, self.job, units, on_epoch=self._report, on_outcome=on_outcome)

    def _units(self, grid: Grid, workers: int | None) -> dict[Unit, Path | None]:
        """What is left to train, each unit with the file where it may be kept half done."""
        units = without(cut(grid, self.job.engine, workers, most=self.most), self._members)
        return {u: self.directory.checkpoint(u) if self.directory else None for u in units}

    def _keep(self, outcome: Outcome) -> None:
        member = outcome.member
        if self.directory:
            self.directory.record_member(member, outcome.weights)
        self._members[member.p, member.seed] = member
        self._report((member.p, member.seed), member.history.epochs[-1], member)

    def _report(self, cell: Cell, epoch: Epoch, finished: Member | None = None) -> None:
        if self.on_progress:
            done, total = len(self._members), len(self.grid.cells)
            epochs = self.job.settings.epochs
            self.on_progress(Progress(done, total, *cell, epochs, epoch, finished))
