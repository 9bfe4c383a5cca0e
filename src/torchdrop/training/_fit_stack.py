"""The training loop over a stack of networks: what `fit` does, for all of them at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from ..data import Part
from ..kernels import SEED_BITS
from ._history import Epoch, History
from ._loop import batches
from ._objective import Objective
from ._settings import TrainingSettings
from ._snapshot import (
    Offer,
    Snapshot,
    copy_into_,
    epochs_from_facts,
    epochs_to_facts,
    load_optimizer_,
    named,
    optimizer_tensors,
)
from ._stack import Stack

_CHUNK = 256  # more rows at once of a whole stack would leave the cache


@dataclass
class Track:
    """One member on its way: where its chance comes from, and what it has left behind.

    Attributes:
        order: Source of its batch order, on the CPU.
        masks: Source of the seeds of its masks, on the CPU.
        epochs: Its epochs so far.
        best: The weights of its best epoch by validation loss.
    """

    order: torch.Generator
    masks: torch.Generator
    epochs: list[Epoch] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)

    @property
    def history(self) -> History:
        """The epochs as a record."""
        return History(tuple(self.epochs))


def fit_stack(
    stack: Stack,
    tracks: Sequence[Track],
    train: Part,
    validation: Part,
    objective: Objective,
    settings: TrainingSettings,
    *,
    start: Snapshot | None = None,
    on_epoch: Callable[[int, Epoch], None] | None = None,
    on_end: Callable[[int], None] | None = None,
    on_pause: Offer | None = None,
) -> None:
    """Train every network of a stack, each as `fit` would train it alone.

    A member whose loss is NaN or infinite, or that has lost patience, leaves the stack; the others
    go on. In float64 results are those of `fit` to rounding.

    Args:
        stack: Its members in the order of `tracks`; changed in place, and emptied of those that
            end early.
        tracks: One for each member; they are given the epochs and the best weights.
        train: Rows to train on.
        validation: Rows that choose the best epoch.
        objective: What is minimized, and what is measured beside it.
        settings: How to train. `seconds` of an epoch are the stack's, divided among its members.
        start: Taken in an earlier call with the same arguments: training goes on from there, to
            the same result. Members that were done by then get nothing, not even an `on_end`.
        on_epoch: Called with a member's number and the record of its epoch, as it ends; first
            with those of `start`.
        on_end: Called with a member's number when it is done.
        on_pause: Called between epochs with a function that takes a snapshot of this moment.
    """
    tell, end, pause = on_epoch or _ignore, on_end or _ignore, on_pause or _ignore
    optimizer = settings.make_optimizer(stack.rows.matrices)
    active = list(range(len(tracks)))
    if start is not None:
        active = _resume_(stack, tracks, optimizer, start)
        _tell_again(tracks, active, tell)
    while active:
        members = [tracks[i] for i in active]
        epochs = _fit_epoch(stack, members, train, validation, objective, settings, optimizer)
        for i, epoch in zip(active, epochs, strict=True):
            tell(i, epoch)
        stay = [place for place, track in enumerate(members) if _stays(track, settings)]
        for place, i in enumerate(active):
            if place not in stay:
                end(i)
        if stay:
            if len(stay) < len(active):
                stack.keep_(stay, optimizer)
            pause(partial(_snapshot, stack, tracks, [active[place] for place in stay], optimizer))
        active = [active[place] for place in stay]


def _ignore(*_: object) -> None:
    pass


def _tell_again(
    tracks: Sequence[Track], active: Sequence[int], tell: Callable[[int, Epoch], None]
) -> None:
    for i in active:
        for epoch in tracks[i].epochs:
            tell(i, epoch)


def _fit_epoch(
    stack: Stack,
    members: Sequence[Track],
    train: Part,
    validation: Part,
    objective: Objective,
    settings: TrainingSettings,
    optimizer: torch.optim.Optimizer,
) -> list[Epoch]:
    """Train and measure one epoch, and give each member its record."""
    number, begun = len(members[0].epochs) + 1, time.perf_counter()
    noisy = _train_epoch(stack, members, train, objective, settings, optimizer)
    fitted, _ = _score(stack, train, objective)
    losses, accuracies = _score(stack, validation, objective)
    seconds = (time.perf_counter() - begun) / len(members)
    for place, member in enumerate(members):
        accuracy = None if accuracies is None else accuracies[place]
        epoch = Epoch(number, noisy[place], fitted[place], losses[place], accuracy, seconds)
        _record(member, epoch, stack, place)
    return [member.epochs[-1] for member in members]


def _stays(track: Track, settings: TrainingSettings) -> bool:
    return len(track.epochs) < settings.epochs and settings.goes_on(track.history)


def _record(track: Track, epoch: Epoch, stack: Stack, place: int) -> None:
    better = epoch.is_finite and epoch.number == History((*track.epochs, epoch)).best.number
    if better or not track.best:
        track.best = stack.weights(place)
    track.epochs.append(epoch)


def _snapshot(
    stack: Stack, tracks: Sequence[Track], active: Sequence[int], optimizer: torch.optim.Optimizer
) -> Snapshot:
    tensors = {
        **named("parameter", stack.parameters),
        **named("buffer", stack.buffers),
        **named("optimizer", optimizer_tensors(optimizer)),
    }
    for i in active:
        tensors |= named(f"best/{i}", tracks[i].best)
        tensors[f"order/{i}"] = tracks[i].order.get_state()
        tensors[f"masks/{i}"] = tracks[i].masks.get_state()
    epochs = [epochs_to_facts(tracks[i].epochs) for i in active]
    return Snapshot(tensors, {"active": list(active), "epochs": epochs})


def _resume_(
    stack: Stack, tracks: Sequence[Track], optimizer: torch.optim.Optimizer, snapshot: Snapshot
) -> list[int]:
    """Bring a stack of all members to where `snapshot` was taken; return who is in it."""
    active: list[int] = snapshot.facts["active"]
    if len(active) < len(tracks):
        stack.keep_(active, optimizer)
    copy_into_(stack.parameters, snapshot.part("parameter"))
    copy_into_(stack.buffers, snapshot.part("buffer"))
    load_optimizer_(optimizer, snapshot.part("optimizer"))
    for i, epochs in zip(active, snapshot.facts["epochs"], strict=True):
        best = snapshot.part(f"best/{i}")
        tracks[i].best = {name: best[name].clone() for name in stack.weights(0)}
        tracks[i].order.set_state(snapshot.tensors[f"order/{i}"].clone())
        tracks[i].masks.set_state(snapshot.tensors[f"masks/{i}"].clone())
        tracks[i].epochs = epochs_from_facts(epochs)
    return active


def _train_epoch(
    stack: Stack,
    members: Sequence[Track],
    part: Part,
    objective: Objective,
    settings: TrainingSettings,
    optimizer: torch.optim.Optimizer,
) -> list[float]:
    """Take one step per mini-batch and return each member's mean loss per row, as trained."""
    rows = [torch.stack(b) for b in zip(*_batches(members, part, settings), strict=True)]
    seeds = _seeds(members, len(rows), stack.draws)
    total, count = torch.zeros(len(members), dtype=torch.float64), 0
    for batch, draws in zip(rows, seeds.unbind(1), strict=True):
        losses = objective.losses(stack.train(part.x[batch], draws), part.y[batch])
        losses.sum().backward()  # type: ignore[no-untyped-call]
        stack.rows.collect_gradients_()
        optimizer.step()
        if settings.max_norm is not None:
            stack.constrain_norm_(settings.max_norm)
        total += losses.detach() * batch.shape[1]
        count += batch.shape[1]
    result: list[float] = (total / count).tolist()
    return result


def _batches(
    members: Sequence[Track], part: Part, settings: TrainingSettings
) -> list[list[Tensor]]:
    return [batches(len(part), settings.batch_size, member.order) for member in members]


def _seeds(members: Sequence[Track], steps: int, draws: int) -> Tensor:
    """Draw the seeds of an epoch, shape `(M, steps, draws)`: what layers would draw one by one."""
    seeds = torch.empty(len(members), steps, draws, dtype=torch.int64)
    for own, member in zip(seeds, members, strict=True):
        own.random_(0, 2**SEED_BITS, generator=member.masks)
    return seeds


def _filled(x: Tensor) -> Tensor:
    """Repeat rows up to a multiple of 16: matrix products round by where a member's memory lies."""
    return torch.cat([x, x[:1].expand(-len(x) % 16, *x.shape[1:])])


def _score(
    stack: Stack, part: Part, objective: Objective
) -> tuple[list[float], list[float] | None]:
    """Measure every member on all rows of `part`: losses, and accuracies if there are any."""
    classifying = objective.task == "classification"
    loss = torch.zeros(len(stack), dtype=torch.float64)
    correct = torch.zeros(len(stack), dtype=torch.int64)
    with torch.no_grad():
        for start in range(0, len(part), _CHUNK):
            target = part.y[start : start + _CHUNK]
            outputs = stack.evaluate(_filled(part.x[start : start + _CHUNK]))[:, : len(target)]
            loss += objective.losses(outputs, target.expand(len(stack), -1)).double() * len(target)
            if classifying:
                correct += (outputs.argmax(dim=2) == target).sum(1)
    accuracies = (correct.double() / len(part)).tolist() if classifying else None
    return (loss / len(part)).tolist(), accuracies
