"""The training loop over a stack of networks: what `fit` does, for all of them at once."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from ..data import Part
from ..kernels import SEED_BITS
from ._history import Epoch, History
from ._loop import batches
from ._objective import Objective
from ._settings import TrainingSettings
from ._stack import Stack

_CHUNK = 4096


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
    on_epoch: Callable[[int, Epoch], None] | None = None,
    on_end: Callable[[int], None] | None = None,
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
        on_epoch: Called with a member's number and the record of its epoch, as it ends.
        on_end: Called with a member's number when it is done.
    """
    optimizer = settings.make_optimizer(list(stack.parameters.values()))
    active = list(range(len(tracks)))
    for number in range(1, settings.epochs + 1):
        start = time.perf_counter()
        members = [tracks[i] for i in active]
        noisy = _train_epoch(stack, members, train, objective, settings, optimizer)
        fitted, _ = _score(stack, train, objective)
        losses, accuracies = _score(stack, validation, objective)
        seconds = (time.perf_counter() - start) / len(active)
        for place, i in enumerate(active):
            accuracy = None if accuracies is None else accuracies[place]
            epoch = Epoch(number, noisy[place], fitted[place], losses[place], accuracy, seconds)
            _record(tracks[i], epoch, stack, place)
            if on_epoch:
                on_epoch(i, epoch)
        stay = [
            place
            for place, i in enumerate(active)
            if number < settings.epochs and settings.goes_on(tracks[i].history)
        ]
        gone = [i for place, i in enumerate(active) if place not in stay]
        for i in gone:
            if on_end:
                on_end(i)
        if not stay:
            return
        if gone:
            active = [active[place] for place in stay]
            stack.keep_(stay, optimizer)


def _record(track: Track, epoch: Epoch, stack: Stack, place: int) -> None:
    better = epoch.is_finite and epoch.number == History((*track.epochs, epoch)).best.number
    if better or not track.best:
        track.best = stack.weights(place)
    track.epochs.append(epoch)


def _train_epoch(
    stack: Stack,
    members: Sequence[Track],
    part: Part,
    objective: Objective,
    settings: TrainingSettings,
    optimizer: torch.optim.Optimizer,
) -> list[float]:
    """Take one step per mini-batch and return each member's mean loss per row, as trained."""
    loss_of = torch.func.vmap(objective.loss)
    rows = [torch.stack(b) for b in zip(*_batches(members, part, settings), strict=True)]
    seeds = _seeds(members, len(rows), stack.draws)
    total, count = torch.zeros(len(members), dtype=torch.float64), 0
    for batch, draws in zip(rows, seeds.unbind(1), strict=True):
        optimizer.zero_grad(set_to_none=True)
        losses = loss_of(stack.train(part.x[batch], draws), part.y[batch])
        losses.sum().backward()  # type: ignore[no-untyped-call]
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


def _score(
    stack: Stack, part: Part, objective: Objective
) -> tuple[list[float], list[float] | None]:
    """Measure every member on all rows of `part`: losses, and accuracies if there are any."""
    classifying = objective.task == "classification"
    loss_of = torch.func.vmap(objective.loss, in_dims=(0, None))
    loss = torch.zeros(len(stack), dtype=torch.float64)
    correct = torch.zeros(len(stack), dtype=torch.int64)
    with torch.no_grad():
        for start in range(0, len(part), _CHUNK):
            rows = slice(start, start + _CHUNK)
            outputs, target = stack.evaluate(part.x[rows]), part.y[rows]
            loss += loss_of(outputs, target).double() * len(target)
            if classifying:
                correct += (outputs.argmax(dim=2) == target).sum(1)
    accuracies = (correct.double() / len(part)).tolist() if classifying else None
    return (loss / len(part)).tolist(), accuracies
