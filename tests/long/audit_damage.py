"""What the mistakes cost that the auditor finds, as Markdown: `python -m tests.long.audit_damage`.

For each mistake in `tests/long/damage_cases.py`, two networks are trained on the built-in digits:
one with the mistake, one without. Twins of a seed start from the same weights and see the same
batches; both are scored on the test part after the last epoch. Differences are paired by seed, with
95 % intervals after Student. A twin that several mistakes share is trained once for each seed.

Same seeds, same figures, on the same machine and torch: one thread.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import nn

from torchdrop.data import Dataset, load
from torchdrop.training import Score, TrainingSettings
from torchdrop.training._loop import batches
from torchdrop.tuning._grid import SeedStreams
from torchdrop.tuning._statistics import mean_interval

from .damage_cases import GOOD, MISTAKES, WIDTHS, Mistake, P, Twin, in_training

Say = Callable[[str], None]


@dataclass(frozen=True)
class Price:
    """What a mistake came to: scores by seed."""

    mistake: Mistake
    broken: tuple[Score, ...]
    mended: tuple[Score, ...]

    @property
    def row(self) -> list[str]:
        """The mistake's line in the table."""
        accuracies = [_percent(scores) for scores in (self.broken, self.mended)]
        losses = [[score.loss for score in scores] for scores in (self.broken, self.mended)]
        return [
            self.mistake.what,
            self.mistake.rule,
            " / ".join(f"{statistics.fmean(x):.2f}" for x in accuracies),
            _difference(*accuracies, digits=2),
            " / ".join(f"{statistics.fmean(x):.3f}" for x in losses),
            _difference(*losses, digits=3),
        ]


def _percent(scores: Sequence[Score]) -> list[float]:
    return [100 * (score.accuracy or 0.0) for score in scores]


def _difference(broken: Sequence[float], mended: Sequence[float], *, digits: int) -> str:
    """Mean of broken minus mended, with its 95 % interval where there is one."""
    found = mean_interval([a - b for a, b in zip(broken, mended, strict=True)])
    mean = f"{found.mean:+.{digits}f}"
    if found.low is None or found.high is None:
        return mean
    return f"{mean} ({found.low:+.{digits}f} to {found.high:+.{digits}f})"


def train(twin: Twin, data: Dataset, settings: TrainingSettings, seed: int) -> nn.Module:
    """Train a network as a twin does it, from the weights, batches and masks of a seed."""
    streams = SeedStreams.of(seed)
    torch.manual_seed(streams.weights)
    model = twin.build()
    order = torch.Generator().manual_seed(streams.order)
    optimizer = settings.make_optimizer(model.parameters())
    backward = twin.backward(streams.masks)
    torch.manual_seed(streams.masks)
    for epoch in range(settings.epochs):
        twin.begin(model, epoch)
        for rows in batches(len(data.train), settings.batch_size, order):
            optimizer.zero_grad(set_to_none=True)
            backward(model, data.train.x[rows], data.train.y[rows])
            optimizer.step()
        twin.end(model, data.validation)
    return model


def score(twin: Twin, data: Dataset, settings: TrainingSettings, seed: int) -> Score:
    """Train a network and measure it once on the test part, as the twin does it."""
    with torch.random.fork_rng(devices=[]):
        return twin.measure(train(twin, data, settings, seed), data.test)


def price(
    mistakes: Sequence[Mistake], data: Dataset, settings: TrainingSettings, seeds: int, say: Say
) -> list[Price]:
    """Train both twins of every mistake at every seed."""
    known: dict[Twin, tuple[Score, ...]] = {}

    def scores(twin: Twin) -> tuple[Score, ...]:
        if twin not in known:
            known[twin] = tuple(score(twin, data, settings, seed) for seed in range(seeds))
        return known[twin]

    prices = []
    for mistake in mistakes:
        prices.append(Price(mistake, scores(mistake.broken), scores(mistake.mended)))
        say(f"[{len(prices)}/{len(mistakes)}] {mistake.rule}")
    return prices


def spread(data: Dataset, settings: TrainingSettings, repeats: int) -> Mapping[str, float]:
    """How one trained network scores if it is measured again and again with dropout on."""
    with torch.random.fork_rng(devices=[]):
        model = train(GOOD, data, settings, 0)
        true = GOOD.measure(model, data.test)
        noisy = [in_training(model, data.test) for _ in range(repeats)]
    accuracies, losses = _percent(noisy), [x.loss for x in noisy]
    return {
        "accuracy": _percent([true])[0],
        "accuracy, dropout on": statistics.fmean(accuracies),
        "accuracy's deviation": statistics.stdev(accuracies),
        "loss": true.loss,
        "loss, dropout on": statistics.fmean(losses),
        "loss's deviation": statistics.stdev(losses),
    }


def render(prices: Sequence[Price]) -> str:
    """Write the table, by rule."""
    head = ["mistake", "rule", "accuracy broken / mended, %", "difference, points (95 %)"]
    head += ["loss broken / mended", "difference (95 %)"]
    lines = [head, ["---"] * len(head), *(price.row for price in prices)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main(words: Sequence[str] | None = None) -> None:
    """Train, and print."""
    parser = argparse.ArgumentParser(description="Find what mistakes with dropout cost.")
    parser.add_argument("--epochs", type=int, default=15)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=100, help="measurements with dropout on")
    parser.add_argument("--rules", nargs="+", help="ids of rules; all without it")
    asked = parser.parse_args(words)
    torch.set_num_threads(1)
    data = load("digits").flattened()
    settings = TrainingSettings(asked.epochs)
    mistakes = [x for x in MISTAKES if asked.rules is None or x.rule in asked.rules]
    prices = price(mistakes, data, settings, asked.seeds, lambda x: print(x, file=sys.stderr))  # noqa: T201
    noise = spread(data, settings, asked.repeats)
    sys.stdout.write(
        f"{data.name}: {len(data.train):,} training and {len(data.test):,} test rows; "
        f"{'-'.join(map(str, WIDTHS))}, p = {P:g}, Adam, {asked.epochs} epochs, batch "
        f"{settings.batch_size}, {asked.seeds} seeds; torch {torch.__version__}, one thread.\n\n"
        f"{render(prices)}\n"
        f"One network, measured on the same rows {asked.repeats} times with dropout on: "
        f"{'; '.join(f'{name} {value:.3f}' for name, value in noise.items())}.\n"
    )


if __name__ == "__main__":
    main()
