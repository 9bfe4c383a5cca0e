"""The unit of work: networks of the grid that one engine trains, here or on another machine.

A unit is a pure function of the job and its cells, so it does not matter who trains it, in which
order, or how often it had to be started.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from torch import Tensor

from ..data import Dataset
from ..kernels import Routes
from ..training import Epoch, Offer, Snapshot, TrainingSettings
from ._alone import train_member
from ._checkpoint import Cell as Cell  # noqa: PLC0414
from ._checkpoint import Checkpoint, Keeper, read_checkpoint
from ._member import Member
from ._network import NetworkFactory
from ._stacked import train_stack

Engine = Literal["loop", "stacked"]


@dataclass(frozen=True)
class Job:
    """What every unit of a sweep needs, wherever it is trained.

    Attributes:
        make_network: Called with each p.
        data: What to train, validate and test on.
        settings: How to train.
        engine: `loop` trains the cells of a unit one after the other, `stacked` as one program.
        routes: Which library multiplies where a stack is of one, by the linear layer's name.
    """

    make_network: NetworkFactory
    data: Dataset
    settings: TrainingSettings
    engine: Engine
    routes: Mapping[str, Routes] = field(default_factory=dict)


@dataclass(frozen=True)
class Outcome:
    """A finished network.

    Attributes:
        member: Its record.
        weights: Those of its best epoch, as its `state_dict` names them.
    """

    member: Member
    weights: Mapping[str, Tensor]

    @property
    def cell(self) -> Cell:
        """Its rate and seed."""
        return self.member.p, self.member.seed


def train_unit(
    job: Job,
    cells: Sequence[Cell],
    *,
    checkpoint: Path | None = None,
    on_epoch: Callable[[Cell, Epoch], None],
    on_outcome: Callable[[Outcome], None],
) -> None:
    """Train some cells of a job.

    Args:
        job: What to train, on what, and how.
        cells: Which networks.
        checkpoint: File that holds the unit half done, written every few seconds between epochs.
            If it is there, its networks go on from it; others among `cells` start anew. A damaged
            one is left aside with a warning. Whoever keeps the outcomes removes it.
        on_epoch: Called with a cell and the record of its epoch, as it ends; first with epochs of
            the checkpoint.
        on_outcome: Called with each network as it is done.

    Raises:
        RunDirectoryError: If the checkpoint cannot be written.
        ModelError: If the checkpoint is not of the job's network.
    """
    keeper = Keeper(checkpoint) if checkpoint else None
    wanted = frozenset(cells)

    def train(group: Sequence[Cell], start: Snapshot | None = None) -> None:
        _train_group(
            *(job, group, start),
            # A stack is taken up whole: who is done already goes along, and is not told again.
            on_epoch=lambda cell, epoch: on_epoch(cell, epoch) if cell in wanted else None,
            on_outcome=lambda outcome: on_outcome(outcome) if outcome.cell in wanted else None,
            on_pause=(lambda take: keeper.offer(group, take)) if keeper else None,
        )

    begun = _begun(checkpoint, wanted)
    if begun:
        train(begun.cells, begun.snapshot if begun.has_trained else None)
    left = [cell for cell in cells if not begun or cell not in begun.active]
    groups = [left] if job.engine == "stacked" else [[cell] for cell in left]
    for group in filter(None, groups):
        if keeper and len(group) > 1:
            keeper.begin(group)  # the last bits of a member can depend on who else is in its stack
        train(group)


def _begun(path: Path | None, wanted: Collection[Cell]) -> Checkpoint | None:
    """Read the checkpoint, if there is one with any of the networks that are wanted."""
    if path is None or not path.exists():
        return None
    try:
        found = read_checkpoint(path)
    except ValueError as error:
        warnings.warn(
            f"{path} is damaged ({error}); its networks are trained from the start.",
            stacklevel=3,
        )
        return None
    return found if any(cell in wanted for cell in found.active) else None


def _train_group(
    job: Job,
    cells: Sequence[Cell],
    start: Snapshot | None,
    *,
    on_epoch: Callable[[Cell, Epoch], None],
    on_outcome: Callable[[Outcome], None],
    on_pause: Offer | None,
) -> None:
    """Train networks that begin together: a stack, or a single one."""
    if job.engine == "stacked":
        train_stack(
            *(job.make_network, job.data, job.settings, cells),
            routes=job.routes,
            start=start,
            on_epoch=on_epoch,
            on_member=lambda member, weights: on_outcome(Outcome(member, weights)),
            on_pause=on_pause,
        )
        return
    (cell,) = cells
    member, model = train_member(
        *(job.make_network, job.data, job.settings, *cell),
        start=start,
        on_epoch=lambda epoch: on_epoch(cell, epoch),
        on_pause=on_pause,
    )
    on_outcome(Outcome(member, model.state_dict()))
