"""One p per dropout layer: searched from the shared optimum, then judged by seeds of its own."""

from __future__ import annotations

import importlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

import torch

from ..data import Dataset
from ..errors import SettingError
from ..surgery import dropout_rates
from ..training import TrainingSettings
from ._alone import train_member
from ._layer_rates import PerLayerFactory
from ._member import Member
from ._network import NetworkFactory, build
from ._statistics import Interval, mean_interval

HIGHEST = 0.8

TrainCells: TypeAlias = Callable[[NetworkFactory, Sequence[tuple[float, int]]], Sequence[Member]]
"""Trains networks of a factory at pairs of p and seed; the members come in that order."""


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting that the search tried.

    Attributes:
        rates: Probability of dropping of each dropout layer.
        losses: Best validation loss of each seed; NaN or infinite where it diverged.
    """

    rates: tuple[float, ...]
    losses: tuple[float, ...]

    @property
    def loss(self) -> float:
        """Mean over seeds: what the search minimizes; infinite if a seed diverged."""
        return sum(self.losses) / len(self.losses) if _all_finite(self.losses) else math.inf


@dataclass(frozen=True)
class PerLayerResult:
    """A finished search for one p per layer, and its trial against the shared p.

    Attributes:
        layers: Names of the dropout layers, in the network's order.
        shared_p: The p that the grid recommends for all layers.
        trials: Everything that was tried, in order; the first has the shared p.
        fresh_seeds: Seeds that neither the grid nor the search has used.
        shared_losses: Best validation loss at the shared p, for each fresh seed.
        best_losses: The same with the best trial's rates; empty if that is the shared p.
    """

    layers: tuple[str, ...]
    shared_p: float
    trials: tuple[Trial, ...]
    fresh_seeds: tuple[int, ...]
    shared_losses: tuple[float, ...]
    best_losses: tuple[float, ...]

    @property
    def best(self) -> Trial:
        """The trial with the lowest mean validation loss; the earliest of equals."""
        return min(self.trials, key=lambda trial: trial.loss)

    @property
    def rates(self) -> dict[str, float]:
        """The best trial's p of each layer, by name, as `set_rates_` takes them."""
        return dict(zip(self.layers, self.best.rates, strict=True))

    @property
    def difference(self) -> Interval | None:
        """Validation loss of the best trial's rates minus that of the shared p.

        Over fresh seeds in pairs, with a 95 % interval; negative is better. `None` if there is
        nothing to compare, or a fresh run diverged.
        """
        pairs = list(zip(self.best_losses, self.shared_losses, strict=True))
        if not pairs or not all(map(_all_finite, pairs)):
            return None
        return mean_interval([best - shared for best, shared in pairs])

    @property
    def helps(self) -> bool:
        """Whether the rates are better than the shared p, beyond what seeds do."""
        return self.difference is not None and self.difference.below_zero

    @property
    def sentence(self) -> str:
        """The answer in words."""
        shared = f"the shared p = {self.shared_p:g}"
        if not self.best_losses:
            return (
                f"{len(self.trials)} trials of one p per layer found nothing better than {shared}."
            )
        rates = f"One p per layer ({', '.join(f'{p:.3g}' for p in self.best.rates)})"
        gain = self.difference
        if gain is None:
            return f"{rates} cannot be compared with {shared}: a run with a fresh seed diverged."
        verb = "helps" if self.helps else "does not help"
        direction = "lower" if gain.mean < 0 else "higher"
        return (
            f"{rates} {verb} beyond {shared}: the validation loss is {abs(gain.mean):.4f} "
            f"{direction} (difference {gain.mean:+.4f}, 95 % interval {gain.low:+.4f} to "
            f"{gain.high:+.4f} over {len(self.fresh_seeds)} fresh paired seeds)."
        )

    def to_dict(self) -> dict[str, Any]:
        """The record as plain JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> PerLayerResult:
        """Rebuild a record from `to_dict`'s content, where losses may be text."""
        return cls(
            layers=tuple(content["layers"]),
            shared_p=content["shared_p"],
            trials=tuple(Trial(tuple(t["rates"]), _floats(t["losses"])) for t in content["trials"]),
            fresh_seeds=tuple(content["fresh_seeds"]),
            shared_losses=_floats(content["shared_losses"]),
            best_losses=_floats(content["best_losses"]),
        )


def search_per_layer(
    make_network: NetworkFactory,
    shared_p: float,
    train: TrainCells,
    *,
    seeds: int,
    fresh_seeds: int | None = None,
    trials: int = 40,
    highest: float = HIGHEST,
    sampler_seed: int = 0,
    earlier: Sequence[Trial] = (),
    on_trial: Callable[[Trial], None] | None = None,
) -> PerLayerResult:
    """Search one p per dropout layer, and compare the best found with the shared p.

    Optuna's tree-structured Parzen estimator proposes, beginning with the shared p; a trial trains
    a network for each of the grid's seeds, and its mean best validation loss is minimized. The
    lowest of many means is low by luck, too, so the answer comes from seeds that the search has
    not used: both settings are trained on them and compared in pairs.

    Args:
        make_network: Called with the shared p; then the p of each of its dropout layers is set.
        shared_p: Recommended by the grid, in `[0, 1)`.
        train: Trains networks, such as `each_alone` makes it: a pure function.
        seeds: How many seeds the grid has used, from 0 on: the search uses the same.
        fresh_seeds: How many seeds the comparison uses, following those; at least 2. `None` means
            as many as the grid, and at least 2.
        trials: How many settings are tried, the shared p among them, at least 1.
        highest: Largest p that is proposed, in `(0, 1)`.
        sampler_seed: Seed of the proposals; equal seeds give equal searches.
        earlier: Trials of the same search that was interrupted, in order; they are not trained
            again.
        on_trial: Called with each trial as it is trained.

    Returns:
        All trials, and the comparison.

    Raises:
        SettingError: If a setting is out of range, or Optuna is not installed.
        ModelError: If the network has no dropout layer that holds its p as a number.
    """
    fresh = max(2, seeds) if fresh_seeds is None else fresh_seeds
    _check(seeds=(seeds, 1), fresh_seeds=(fresh, 2), trials=(trials, 1))
    if not 0 < highest < 1:
        raise SettingError(f"highest is a probability of dropping, in (0, 1); got {highest}.")
    start = shared_rates(make_network, shared_p)

    def losses(rates: Sequence[float], numbers: Sequence[int]) -> tuple[float, ...]:
        factory = PerLayerFactory(make_network, tuple(zip(start, rates, strict=True)))
        cells = [(shared_p, seed) for seed in numbers]
        return tuple(_loss(member) for member in train(factory, cells)) if cells else ()

    done: list[Trial] = []
    with _proposals(start, highest, sampler_seed) as (ask, tell):
        for number in range(trials):
            rates = ask()
            known = number < len(earlier) and earlier[number].rates == rates
            trial = earlier[number] if known else Trial(rates, losses(rates, range(seeds)))
            done.append(trial)
            tell(trial.loss)
            if on_trial and not known:
                on_trial(trial)
    best = min(done, key=lambda trial: trial.loss)
    numbers = tuple(range(seeds, seeds + fresh)) if best.rates != done[0].rates else ()
    return PerLayerResult(
        layers=tuple(start),
        shared_p=shared_p,
        trials=tuple(done),
        fresh_seeds=numbers,
        shared_losses=losses(done[0].rates, numbers),
        best_losses=losses(best.rates, numbers),
    )


def shared_rates(make_network: NetworkFactory, p: float) -> dict[str, float]:
    """Build a network at `p` and read the p of its dropout layers, leaving torch's generator."""
    with torch.random.fork_rng(devices=[]):
        return dropout_rates(build(make_network, p))


def each_alone(data: Dataset, settings: TrainingSettings) -> TrainCells:
    """Train one network after the other with `train_member`: what any other way must equal.

    Args:
        data: What to train, validate and test on.
        settings: How to train.

    Returns:
        What `search_per_layer` takes as `train`.
    """

    def train(make_network: NetworkFactory, cells: Sequence[tuple[float, int]]) -> list[Member]:
        return [train_member(make_network, data, settings, *cell)[0] for cell in cells]

    return train


@contextmanager
def _proposals(
    start: Mapping[str, float], highest: float, seed: int
) -> Iterator[tuple[Callable[[], tuple[float, ...]], Callable[[float], None]]]:
    """Open a study that is asked for rates, the starting ones first, and told their loss."""
    optuna = import_optuna()
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    try:
        study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=seed))
        study.enqueue_trial(dict(start))
        top = max(highest, *start.values())
        asked: list[Any] = []

        def ask() -> tuple[float, ...]:
            asked.append(study.ask())
            return tuple(asked[-1].suggest_float(name, 0.0, top) for name in start)

        yield ask, lambda loss: study.tell(asked[-1], loss)
    finally:
        optuna.logging.set_verbosity(before)


def import_optuna() -> Any:
    """Import Optuna, or say how to install it.

    Returns:
        The module.

    Raises:
        SettingError: If it is not installed.
    """
    try:
        return importlib.import_module("optuna")
    except ImportError as error:
        raise SettingError(
            "A search of one p per layer needs Optuna, which is not installed; install it with "
            "`pip install 'torchdrop[optuna]'`."
        ) from error


def _check(**counts: tuple[int, int]) -> None:
    for name, (count, least) in counts.items():
        if count < least:
            raise SettingError(f"{name} is at least {least} for a p per layer; got {count}.")


def _loss(member: Member) -> float:
    return math.nan if member.history.diverged else member.history.best.validation_loss


def _all_finite(values: Sequence[float]) -> bool:
    return all(map(math.isfinite, values))


def _floats(values: Sequence[Any]) -> tuple[float, ...]:
    return tuple(map(float, values))
