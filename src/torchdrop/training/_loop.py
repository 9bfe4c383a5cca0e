"""The training loop: every epoch trains in training mode and validates in evaluation mode."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from ..data import Part
from ..modes import training
from ._history import Epoch, History
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
    tensors_of,
)

CONSTRAINED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
"""Layers whose units' incoming weights a max-norm limits."""


@dataclass
class _Run:
    """A network on its way."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    order: torch.Generator
    best: dict[str, Tensor]
    epochs: list[Epoch] = field(default_factory=list)

    @property
    def history(self) -> History:
        return History(tuple(self.epochs))

    def record(self, epoch: Epoch) -> None:
        """Add an epoch, and keep its weights if it is the best by validation loss so far."""
        losses = [e.validation_loss for e in self.epochs if e.is_finite]
        if epoch.is_finite and epoch.validation_loss < min(losses, default=float("inf")):
            self.best = _copy_weights(self.model)
        self.epochs.append(epoch)

    def snapshot(self) -> Snapshot:
        tensors = {
            **named("model", tensors_of(self.model)),
            **named("best", self.best),
            **named("optimizer", optimizer_tensors(self.optimizer)),
            "order": self.order.get_state(),
            "masks": torch.get_rng_state(),
        }
        return Snapshot(tensors, {"epochs": epochs_to_facts(self.epochs)})

    def resume_(self, snapshot: Snapshot) -> None:
        copy_into_(tensors_of(self.model), snapshot.part("model"))
        load_optimizer_(self.optimizer, snapshot.part("optimizer"))
        self.best = {name: value.clone() for name, value in snapshot.part("best").items()}
        self.order.set_state(snapshot.tensors["order"].clone())
        torch.set_rng_state(snapshot.tensors["masks"].clone())
        self.epochs = epochs_from_facts(snapshot.facts["epochs"])


def fit(
    model: nn.Module,
    train: Part,
    validation: Part,
    objective: Objective,
    settings: TrainingSettings,
    *,
    order: torch.Generator,
    optimizer: torch.optim.Optimizer | None = None,
    penalty: Callable[[], Tensor] | None = None,
    start: Snapshot | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
    on_pause: Offer | None = None,
) -> History:
    """Train `model`, and leave it with the weights of its best epoch by validation loss.

    Modes cannot be wrong: each half of an epoch sets its own and restores what it found. Masks
    come from torch's global generator. A loss that is NaN or infinite ends the run.

    Args:
        model: Changed in place; trained on the device where its parameters are.
        train: Rows to train on.
        validation: Rows that choose the best epoch.
        objective: What is minimized, and what is measured beside it.
        settings: How to train.
        order: Source of the batch order, on the CPU.
        optimizer: Of the parameters of `model`; `None` makes the one of `settings`.
        penalty: Added to the loss of each mini-batch, and to no loss that is recorded.
        start: Taken in an earlier call with the same arguments: training goes on from there, to
            the same result. Sets `order` and torch's global generator.
        on_epoch: Called with the record of each epoch as it ends; first with those of `start`.
        on_pause: Called between epochs with a function that takes a snapshot of this moment.

    Returns:
        One record per epoch.
    """
    optimizer = optimizer or settings.make_optimizer(model.parameters())
    run = _Run(model, optimizer, order, _copy_weights(model))
    if start is not None:
        run.resume_(start)
    if on_epoch:
        for epoch in run.epochs:
            on_epoch(epoch)
    for number in range(len(run.epochs) + 1, settings.epochs + 1):
        begun = time.perf_counter()
        noisy_loss = _train_epoch(model, train, objective, settings, run.optimizer, order, penalty)
        train_score = objective.score(model, train)
        score = objective.score(model, validation)
        epoch = Epoch(
            number=number,
            noisy_training_loss=noisy_loss,
            training_loss=train_score.loss,
            validation_loss=score.loss,
            validation_accuracy=score.accuracy,
            seconds=time.perf_counter() - begun,
        )
        run.record(epoch)
        if on_epoch:
            on_epoch(epoch)
        if not settings.goes_on(run.history):
            break
        if on_pause and number < settings.epochs:
            on_pause(run.snapshot)
    model.load_state_dict(run.best)
    return run.history


def _train_epoch(
    model: nn.Module,
    part: Part,
    objective: Objective,
    settings: TrainingSettings,
    optimizer: torch.optim.Optimizer,
    order: torch.Generator,
    penalty: Callable[[], Tensor] | None,
) -> float:
    """Take one step per mini-batch and return the mean loss per row, as trained."""
    total, count = torch.zeros((), dtype=torch.float64), 0
    with training(model):
        for rows in batches(len(part), settings.batch_size, order):
            optimizer.zero_grad(set_to_none=True)
            loss = objective.loss(model(part.x[rows]), part.y[rows])
            (loss if penalty is None else loss + penalty()).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            if settings.max_norm is not None:
                constrain_norm_(model, settings.max_norm)
            total += loss.detach() * len(rows)
            count += len(rows)
    return total.item() / count


def batches(rows: int, size: int, order: torch.Generator) -> list[Tensor]:
    """Shuffle rows into batches, without a last batch of one row, which BatchNorm refuses.

    Args:
        rows: How many rows there are.
        size: Rows of a batch.
        order: Source of the order.

    Returns:
        Row numbers, batch by batch.
    """
    parts = list(torch.split(torch.randperm(rows, generator=order), size))
    return parts[:-1] if len(parts) > 1 and len(parts[-1]) == 1 else parts


@torch.no_grad()
def constrain_norm_(model: nn.Module, max_norm: float) -> None:
    """Scale down each unit's vector of incoming weights to an L2 norm of at most `max_norm`.

    Args:
        model: Its linear and convolution layers are changed in place; biases are left alone.
        max_norm: Largest norm allowed, above 0.

    Source:
        Srivastava et al., JMLR 15 (2014), section 5.1: max-norm regularization.
    """
    for module in model.modules():
        if isinstance(module, CONSTRAINED):
            module.weight.copy_(torch.renorm(module.weight, p=2, dim=0, maxnorm=max_norm))


def _copy_weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in model.state_dict().items()}
