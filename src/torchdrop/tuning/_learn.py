"""ConcreteDropout beside the grid: p learned by gradient, and how it compares."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..data import Dataset
from ..errors import SettingError
from ..nn import ConcreteDropout, concrete_regularizer
from ..surgery import learn_rates_
from ..training import Epoch, Objective, TrainingSettings, fit
from ._grid import SeedStreams
from ._learned import LearnedMember, LearnedResult
from ._member import Member
from ._network import NetworkFactory, build
from ._verdict import decide

Regularizer = Callable[[nn.Module], Tensor]
"""Gives the divergence of a network's rates and weights from their prior, without axes."""


@dataclass(frozen=True, slots=True)
class LearningSettings:
    """How p is learned; the weights are trained as in the grid.

    Attributes:
        start: Probability of dropping that every layer begins with, in `(0, 1)`.
        pace: How many times faster than a weight the log-odds of p may move, above 0. At the pace
            of a weight, 500 steps of Adam at a learning rate of 0.001 take p from 0.1 to 0.15 at
            most, whatever the data say.
        length_scale: Inverse of the standard deviation of the weights' prior, at least 0.
        temperature: Softness of the masks, above 0.
        noise_variance: In regression, the variance of the noise in the target, above 0; `None`
            takes the grid's lowest validation loss. Classification has none.
    """

    start: float = 0.1
    pace: float = 10.0
    length_scale: float = 1.0
    temperature: float = 0.1
    noise_variance: float | None = None

    def __post_init__(self) -> None:
        """Refuse settings out of range.

        Raises:
            SettingError: If a setting is out of its range.
        """
        if not 0 < self.start < 1:
            raise SettingError(
                f"start is a probability of dropping, in (0, 1), as p could not leave either end; "
                f"got {self.start}."
            )
        for name in ("pace", "temperature", "noise_variance"):
            value = getattr(self, name)
            if value is not None and not 0 < value < math.inf:
                raise SettingError(f"{name} is a finite number above 0; got {value}.")
        if not 0 <= self.length_scale < math.inf:
            raise SettingError(f"length_scale is finite and not below 0; got {self.length_scale}.")


def learn(
    make_network: NetworkFactory,
    data: Dataset,
    settings: TrainingSettings,
    members: Sequence[Member],
    *,
    learning: LearningSettings = LearningSettings(),
    regularizer: Regularizer | None = None,
    earlier: Sequence[LearnedMember] = (),
    on_epoch: Callable[[int, Epoch], None] | None = None,
    on_member: Callable[[LearnedMember], None] | None = None,
) -> LearnedResult:
    """Train a network with learned p at every seed of a grid, and compare it with the grid.

    A network starts from the weights, and sees the batches, of the grid's members of its seed. The
    loss of each mini-batch gets `KL / N` on top, for N training rows; in regression
    `2 * noise_variance * KL / N`, as there the mean squared error is that many times the negative
    log likelihood. The weights, and p with them, are those of the epoch with the lowest validation
    loss.

    Args:
        make_network: Called with the grid's highest p; its dropout layers are replaced.
        data: What the grid was trained on.
        settings: How the grid was trained.
        members: All members of the grid, p = 0 among them.
        learning: How p is learned.
        regularizer: Gives KL for the network; `None` means `torchdrop.nn.concrete_regularizer`,
            which needs a Linear or a convolution right behind each dropout layer in a Sequential.
        earlier: Networks of the same call that was interrupted; their seeds are not trained again.
        on_epoch: Called with the seed and the record of each epoch as it ends.
        on_member: Called with each network's record as it is done.

    Returns:
        What was learned, and the comparison.

    Raises:
        ModelError: If a layer cannot be replaced, or KL cannot be computed for the network.
    """
    verdict = decide(members)
    highest = max(member.p for member in members)
    weight = _penalty_weight(data, members, learning)
    kl = regularizer or _prior(learning)
    layers = check_learnable(make_network, highest, learning=learning, regularizer=kl)
    learned = {member.seed: member for member in earlier}
    seeds = sorted({member.seed for member in members})
    for seed in (seed for seed in seeds if seed not in learned):
        report = None if on_epoch is None else lambda epoch, seed=seed: on_epoch(seed, epoch)
        learned[seed] = _train(
            make_network, data, settings, highest, seed, learning, kl, weight, report
        )
        if on_member:
            on_member(learned[seed])
    return LearnedResult(
        layers=layers,
        members=tuple(learned[seed] for seed in seeds),
        best_p=verdict.p,
        best_losses=_losses(members, verdict.p),
        base_losses=_losses(members, 0.0),
    )


def check_learnable(
    make_network: NetworkFactory,
    p: float,
    *,
    learning: LearningSettings = LearningSettings(),
    regularizer: Regularizer | None = None,
) -> tuple[str, ...]:
    """Refuse a network whose p cannot be learned, before any work.

    Args:
        make_network: Called with `p`.
        p: A probability of dropping above 0.
        learning: How p is learned.
        regularizer: As in `learn`.

    Returns:
        Names of the dropout layers.

    Raises:
        ModelError: If a layer cannot be replaced, or KL cannot be computed for the network.
    """
    with torch.random.fork_rng(devices=[]):
        model = build(make_network, p)
    layers = learn_rates_(model, start=learning.start, temperature=learning.temperature)
    (regularizer or _prior(learning))(model)
    return tuple(layers)


def _train(
    make_network: NetworkFactory,
    data: Dataset,
    settings: TrainingSettings,
    p: float,
    seed: int,
    learning: LearningSettings,
    kl: Regularizer,
    weight: float,
    on_epoch: Callable[[Epoch], None] | None,
) -> LearnedMember:
    streams, objective = SeedStreams.of(seed), Objective(data.task)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(streams.weights)
        model = build(make_network, p)
        layers = learn_rates_(
            model,
            start=learning.start,
            temperature=learning.temperature,
            scale=_scale(learning.pace, settings.optimizer),
        )
        path = [_rates(layers.values())]

        def record(epoch: Epoch) -> None:
            path.append(_rates(layers.values()))
            if on_epoch:
                on_epoch(epoch)

        torch.manual_seed(streams.masks)
        history = fit(
            *(model, data.train, data.validation, objective, settings),
            order=torch.Generator().manual_seed(streams.order),
            penalty=lambda: weight * kl(model),
            on_epoch=record,
        )
    score, best = objective.score(model, data.test), history.best
    return LearnedMember(
        seed=seed,
        path=tuple(path),
        best_epoch=best.number,
        training_loss=best.training_loss,
        validation_loss=math.nan if history.diverged else best.validation_loss,
        test_loss=score.loss,
        test_accuracy=score.accuracy,
    )


def _prior(learning: LearningSettings) -> Regularizer:
    return lambda model: concrete_regularizer(model, length_scale=learning.length_scale)


def _scale(pace: float, optimizer: str) -> float:
    """The scale that gives a pace: SGD's steps grow with the gradient, which is scaled, too."""
    return math.sqrt(pace) if optimizer == "sgd" else pace


def _penalty_weight(data: Dataset, members: Sequence[Member], learning: LearningSettings) -> float:
    if data.task == "classification":
        return 1 / len(data.train)
    sound = [m.history.best.validation_loss for m in members if not m.history.diverged]
    variance = learning.noise_variance or min(sound, default=data.validation.y.var().item())
    return 2 * variance / len(data.train)


def _rates(layers: Iterable[ConcreteDropout]) -> tuple[float, ...]:
    return tuple(layer.p.item() for layer in layers)


def _losses(members: Sequence[Member], p: float) -> tuple[float, ...]:
    chosen = sorted((m for m in members if m.p == p), key=lambda m: m.seed)
    return tuple(math.nan if m.history.diverged else m.history.best.validation_loss for m in chosen)
