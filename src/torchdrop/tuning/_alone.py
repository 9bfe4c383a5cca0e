"""One network of the grid, trained alone: the specification of every other engine."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import nn

from ..data import Dataset
from ..training import Epoch, Objective, Offer, Snapshot, TrainingSettings, fit
from ._grid import SeedStreams
from ._member import Member
from ._network import NetworkFactory, build


def train_member(
    make_network: NetworkFactory,
    data: Dataset,
    settings: TrainingSettings,
    p: float,
    seed: int,
    *,
    start: Snapshot | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    on_pause: Offer | None = None,
) -> tuple[Member, nn.Module]:
    """Train one network of the grid: a pure function of its arguments.

    Args:
        make_network: Called with `p`.
        data: What to train, validate and test on.
        settings: How to train.
        p: Probability of dropping.
        seed: Number of the seed; gives the initial weights, the batch order and the masks.
        start: Taken in an earlier call: training goes on from there, to the same result.
        on_epoch: Called with the record of each epoch as it ends; first with those of `start`.
        on_pause: Called between epochs with a function that takes a snapshot of this moment.

    Returns:
        The member, and the network with the weights of its best epoch.
    """
    streams = SeedStreams.of(seed)
    objective = Objective(data.task)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(streams.weights)
        model = build(make_network, p)
        torch.manual_seed(streams.masks)
        order = torch.Generator().manual_seed(streams.order)
        history = fit(
            *(model, data.train, data.validation, objective, settings),
            order=order,
            start=start,
            on_epoch=on_epoch,
            on_pause=on_pause,
        )
        score = objective.score(model, data.test)
    return Member(p, seed, history, score.loss, score.accuracy), model
