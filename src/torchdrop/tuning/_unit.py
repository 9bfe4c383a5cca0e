"""The unit of work: networks of the grid that one engine trains, here or on another machine.

A unit is a pure function of the job and its cells, so it does not matter who trains it, in which
order, or how often it had to be started.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from torch import Tensor

from ..data import Dataset
from ..training import Epoch, TrainingSettings
from ._alone import train_member
from ._member import Member
from ._network import NetworkFactory
from ._stacked import train_stack

Cell: TypeAlias = tuple[float, int]
"""Rate and seed of one network."""

Engine = Literal["loop", "stacked"]


@dataclass(frozen=True)
class Job:
    """What every unit of a sweep needs, wherever it is trained.

    Attributes:
        make_network: Called with each p.
        data: What to train, validate and test on.
        settings: How to train.
        engine: `loop` trains the cells of a unit one after the other, `stacked` as one program.
    """

    make_network: NetworkFactory
    data: Dataset
    settings: TrainingSettings
    engine: Engine


@dataclass(frozen=True)
class Outcome:
    """A finished network.

    Attributes:
        member: Its record.
        weights: Those of its best epoch, as its `state_dict` names them.
    """

    member: Member
    weights: Mapping[str, Tensor]


def train_unit(
    job: Job,
    cells: Sequence[Cell],
    *,
    on_epoch: Callable[[Cell, Epoch], None],
    on_outcome: Callable[[Outcome], None],
) -> None:
    """Train some cells of a job.

    Args:
        job: What to train, on what, and how.
        cells: Which networks.
        on_epoch: Called with a cell and the record of its epoch, as it ends.
        on_outcome: Called with each network as it is done.
    """
    if job.engine == "stacked":
        train_stack(
            *(job.make_network, job.data, job.settings, cells),
            on_epoch=on_epoch,
            on_member=lambda member, weights: on_outcome(Outcome(member, weights)),
        )
        return
    for cell in cells:
        member, model = train_member(
            *(job.make_network, job.data, job.settings, *cell),
            on_epoch=lambda epoch, cell=cell: on_epoch(cell, epoch),  # type: ignore[misc]
        )
        on_outcome(Outcome(member, model.state_dict()))
