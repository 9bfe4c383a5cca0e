"""The training loop: every epoch trains in training mode and validates in evaluation mode."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..data import Part
from ..modes import training
from ._history import Epoch, History
from ._objective import Objective
from ._settings import TrainingSettings

CONSTRAINED = (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)
"""Layers whose units' incoming weights a max-norm limits."""


def fit(
    model: nn.Module,
    train: Part,
    validation: Part,
    objective: Objective,
    settings: TrainingSettings,
    *,
    order: torch.Generator,
    penalty: Callable[[], Tensor] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
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
        penalty: Added to the loss of each mini-batch, and to no loss that is recorded.
        on_epoch: Called with the record of each epoch as it ends.

    Returns:
        One record per epoch.
    """
    optimizer = settings.make_optimizer(model.parameters())
    best_loss, best_weights = float("inf"), _copy_weights(model)
    epochs: list[Epoch] = []
    for number in range(1, settings.epochs + 1):
        start = time.perf_counter()
        noisy_loss = _train_epoch(model, train, objective, settings, optimizer, order, penalty)
        train_score = objective.score(model, train)
        score = objective.score(model, validation)
        epoch = Epoch(
            number=number,
            noisy_training_loss=noisy_loss,
            training_loss=train_score.loss,
            validation_loss=score.loss,
            validation_accuracy=score.accuracy,
            seconds=time.perf_counter() - start,
        )
        epochs.append(epoch)
        if on_epoch:
            on_epoch(epoch)
        if epoch.is_finite and epoch.validation_loss < best_loss:
            best_loss, best_weights = epoch.validation_loss, _copy_weights(model)
        if not settings.goes_on(History(tuple(epochs))):
            break
    model.load_state_dict(best_weights)
    return History(tuple(epochs))


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
