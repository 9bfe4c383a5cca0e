"""The record of learned rates, and what follows from it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ._statistics import Interval, mean_interval

SETTLED = 0.01
"""How far a p may have moved in the last tenth of the epochs to count as settled."""


@dataclass(frozen=True, slots=True)
class LearnedMember:
    """A network that learned its rates.

    Attributes:
        seed: Number of its seed; shares initial weights and batch order with the grid's members.
        path: The p of each dropout layer: at the start, then after each epoch.
        best_epoch: Number of the epoch with the lowest validation loss, which was kept.
        training_loss: Loss at that epoch on the training part, in evaluation mode.
        validation_loss: The same on the validation part; NaN if the run diverged.
        test_loss: The same on the test part.
        test_accuracy: Accuracy on the test part, in [0, 1]; `None` in regression.
    """

    seed: int
    path: tuple[tuple[float, ...], ...]
    best_epoch: int
    training_loss: float
    validation_loss: float
    test_loss: float
    test_accuracy: float | None

    @property
    def rates(self) -> tuple[float, ...]:
        """The p of each dropout layer at the best epoch."""
        return self.path[self.best_epoch]

    @property
    def diverged(self) -> bool:
        """Whether a loss became NaN or infinite."""
        return not math.isfinite(self.validation_loss)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> LearnedMember:
        """Rebuild a record from plain JSON types, where numbers may be text."""
        accuracy = content["test_accuracy"]
        return cls(
            seed=content["seed"],
            path=tuple(tuple(map(float, rates)) for rates in content["path"]),
            best_epoch=content["best_epoch"],
            training_loss=float(content["training_loss"]),
            validation_loss=float(content["validation_loss"]),
            test_loss=float(content["test_loss"]),
            test_accuracy=None if accuracy is None else float(accuracy),
        )


@dataclass(frozen=True)
class LearnedResult:
    """Networks that learned their rates at every seed of a grid, beside the grid.

    Attributes:
        layers: Names of the dropout layers, in the network's order.
        members: One for each seed, in the order of seeds.
        best_p: The p that the grid recommends.
        best_losses: Best validation loss at that p, by seed; NaN where it diverged.
        base_losses: The same at p = 0.
    """

    layers: tuple[str, ...]
    members: tuple[LearnedMember, ...]
    best_p: float
    best_losses: tuple[float, ...]
    base_losses: tuple[float, ...]

    @property
    def rates(self) -> dict[str, Interval]:
        """The learned p of each layer with a 95 % interval over seeds, cut at 0 and 1.

        Empty if every run diverged.
        """
        sound = [member.rates for member in self.members if not member.diverged]
        columns = zip(*sound, strict=True)
        return {
            name: _inside(mean_interval(column))
            for name, column in zip(self.layers, columns, strict=False)
        }

    @property
    def difference_to_best(self) -> Interval | None:
        """Validation loss minus that of the grid's best p, in pairs; negative is better.

        This interval and the one of `difference_to_base` hold together with 95 % confidence.
        `None` if no pair is left of runs that did not diverge.
        """
        return self._difference(self.best_losses)

    @property
    def difference_to_base(self) -> Interval | None:
        """Validation loss minus that of p = 0, likewise."""
        return self._difference(self.base_losses)

    @property
    def settled(self) -> bool:
        """Whether p moved by less than 0.01 in the last tenth of the epochs, in mean over seeds."""
        moves = [_last_moves(m.path) for m in self.members if not m.diverged]
        return all(sum(column) / len(moves) < SETTLED for column in zip(*moves, strict=True))

    @property
    def sentence(self) -> str:
        """The answer in words."""
        if not self.rates:
            return "Every run with learned p diverged."
        rates = ", ".join(f"{p.mean:.2g}" for p in self.rates.values())
        parts = [_comparison(self.difference_to_base, "p = 0")]
        if self.best_p > 0:
            name = f"the grid's p = {self.best_p:g}"
            parts.insert(0, _comparison(self.difference_to_best, name))
        pairs = sum(map(math.isfinite, self._pairs(self.base_losses)))
        moving = "" if self.settled else " p was still moving when training ended."
        lost = sum(member.diverged for member in self.members)
        diverged = f" {lost} of {len(self.members)} runs diverged." if lost else ""
        return (
            f"Learned p ({rates}) {' and '.join(parts)}: differences of validation loss over "
            f"{pairs} paired seed{'' if pairs == 1 else 's'}.{moving}{diverged}"
        )

    def to_dict(self) -> dict[str, Any]:
        """The record as plain JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> LearnedResult:
        """Rebuild a record from `to_dict`'s content, where losses may be text."""
        return cls(
            layers=tuple(content["layers"]),
            members=tuple(map(LearnedMember.from_dict, content["members"])),
            best_p=content["best_p"],
            best_losses=tuple(map(float, content["best_losses"])),
            base_losses=tuple(map(float, content["base_losses"])),
        )

    def _pairs(self, losses: Sequence[float]) -> list[float]:
        pairs = zip(self.members, losses, strict=True)
        return [member.validation_loss - loss for member, loss in pairs]

    def _difference(self, losses: Sequence[float]) -> Interval | None:
        sound = [d for d in self._pairs(losses) if math.isfinite(d)]
        comparisons = 2 if self.best_p > 0 else 1
        return mean_interval(sound, comparisons=comparisons) if sound else None


def _comparison(difference: Interval | None, other: str) -> str:
    if difference is None:
        return f"cannot be compared with {other}, as one run of each pair diverged"
    if difference.low is None or difference.high is None:
        return f"cannot be told from {other} by one seed ({difference.mean:+.4f})"
    verb = "cannot be told from"
    if difference.below_zero:
        verb = "is better than"
    elif difference.low > 0:
        verb = "is worse than"
    figures = (
        f"{difference.mean:+.4f}, 95 % interval {difference.low:+.4f} to {difference.high:+.4f}"
    )
    return f"{verb} {other} ({figures})"


def _last_moves(path: Sequence[Sequence[float]]) -> list[float]:
    """How far each p went in the last tenth of the epochs, at least one."""
    back = max(1, round(0.1 * (len(path) - 1)))
    return [abs(now - then) for now, then in zip(path[-1], path[-1 - back], strict=True)]


def _inside(interval: Interval) -> Interval:
    """Student's t does not know that p lies in [0, 1]: cut off what lies beyond."""
    if interval.low is None or interval.high is None:
        return interval
    return Interval(interval.mean, max(0.0, interval.low), min(1.0, interval.high))
