"""The stacked engine: members of the grid trained as one program."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from ..data import Dataset
from ..errors import SettingError
from ..kernels import Routes
from ..training import (
    Epoch,
    Objective,
    Offer,
    Snapshot,
    Stack,
    Track,
    TrainingSettings,
    fit_stack,
    why_not_stacked,
)
from ._grid import SeedStreams
from ._initial import initial_network
from ._member import Member
from ._network import NetworkFactory

_TRIAL_ROWS = 8


def train_stack(
    make_network: NetworkFactory,
    data: Dataset,
    settings: TrainingSettings,
    cells: Sequence[tuple[float, int]],
    *,
    routes: Mapping[str, Routes] | None = None,
    start: Snapshot | None = None,
    on_epoch: Callable[[tuple[float, int], Epoch], None],
    on_member: Callable[[Member, dict[str, Tensor]], None],
    on_pause: Offer | None = None,
) -> None:
    """Train networks of the grid together; each is what `train_member` makes of it, to rounding.

    Args:
        make_network: Called with each p.
        data: What to train, validate and test on.
        settings: How to train.
        cells: Rate and seed of each network.
        routes: Which library multiplies for a network that is alone, by the layer's name.
        start: Taken in an earlier call: training goes on from there, to the same result. Members
            that were done by then are left out.
        on_epoch: Called with rate, seed and record of each epoch as it ends; first with those of
            `start`.
        on_member: Called with each member as it is done, and the weights of its best epoch.
        on_pause: Called between epochs with a function that takes a snapshot of this moment.

    Raises:
        SettingError: If networks of this kind cannot be trained as one.
    """
    models = [initial_network(make_network, p, seed) for p, seed in cells]
    objective, rows = Objective(data.task), data.train.x[:_TRIAL_ROWS]
    if reason := why_not_stacked(models, rows):
        raise SettingError(f"engine='stacked' cannot train this network: {reason}. Use 'loop'.")
    tracks = [_track(seed) for _, seed in cells]

    def end(i: int) -> None:
        p, seed = cells[i]
        models[i].load_state_dict(tracks[i].best)
        score = objective.score(models[i], data.test)
        member = Member(p, seed, tracks[i].history, score.loss, score.accuracy)
        on_member(member, tracks[i].best)

    fit_stack(
        *(Stack(models, rows, routes), tracks, data.train, data.validation, objective, settings),
        start=start,
        on_epoch=lambda i, epoch: on_epoch(cells[i], epoch),
        on_end=end,
        on_pause=on_pause,
    )


def _track(seed: int) -> Track:
    streams = SeedStreams.of(seed)
    order, masks = (torch.Generator().manual_seed(s) for s in (streams.order, streams.masks))
    return Track(order, masks)
