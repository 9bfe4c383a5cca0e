"""Correlation and sparsity of hidden units by p, as Markdown: `python -m tests.long.co_adaptation`.

Networks with ReLU, or another `--activation`, are trained on digits at p = 0, 0.2 and 0.5. Within a
seed all start from the same weights and see the same batches, so each rate is compared with p = 0
in pairs. Hidden units are measured in evaluation mode: before training, where p makes no
difference; at the best epoch by validation loss, where each network would be used; and at the last
one, where all have trained equally long. The rows are those of the test part, which decides
nothing, or with `--part train` those that were trained on. By default 15 networks of 30 epochs.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from itertools import product

import torch
from torch import nn

from torchdrop.data import Dataset, Part, load
from torchdrop.networks import ACTIVATIONS, MLP
from torchdrop.training import (
    Epoch,
    LayerStatistics,
    Objective,
    TrainingSettings,
    fit,
    hidden_statistics,
)
from torchdrop.tuning._grid import SeedStreams
from torchdrop.tuning._initial import initial_network
from torchdrop.tuning._statistics import mean_interval

MOMENTS = ("before training", "at the best epoch", "at the last epoch")
MEASURES = {"correlation": "mean abs. correlation", "near_zero": "nearly zero", "mean": "mean"}

Layers = tuple[LayerStatistics, ...]
Runs = Mapping[tuple[float, int], Mapping[str, Layers]]


def measure(
    network: MLP, data: Dataset, part: Part, settings: TrainingSettings, p: float, seed: int
) -> dict[str, Layers]:
    """Train a network of a seed, and measure its hidden units on `part` at the three moments."""
    streams = SeedStreams.of(seed)
    model: nn.Module = initial_network(network, p, seed)
    found = {MOMENTS[0]: hidden_statistics(model, part.x).layers}

    def at_the_last(epoch: Epoch) -> None:
        if epoch.number == settings.epochs:
            found[MOMENTS[2]] = hidden_statistics(model, part.x).layers

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(streams.masks)
        fit(
            *(model, data.train, data.validation, Objective(data.task), settings),
            order=torch.Generator().manual_seed(streams.order),
            on_epoch=at_the_last,
        )
    found[MOMENTS[1]] = hidden_statistics(model, part.x).layers
    return found


def render(runs: Runs) -> str:
    """Write a table for each moment; differences to the lowest p are paired by seed."""
    rates = sorted({p for p, _ in runs})
    return "\n\n".join(
        f"{moment[0].upper()}{moment[1:]}:\n\n{_table(runs, moment, rates)}" for moment in MOMENTS
    )


def _table(runs: Runs, moment: str, rates: Sequence[float]) -> str:
    head = ["layer", "p", "dead units"]
    head += [cell for title in MEASURES.values() for cell in (title, "difference")]
    lines = [head, ["---"] * len(head)]
    depth = len(next(iter(runs.values()))[moment])
    for layer, p in product(range(depth), rates if moment != MOMENTS[0] else rates[:1]):
        own, base = (_of(runs, moment, layer, rate) for rate in (p, rates[0]))
        dead = sum(one.dead for one in own) / len(own)
        line = [f"{layer + 1} ({own[0].units} units)", f"{p:g}", f"{dead:.1f}"]
        for name in MEASURES:
            values, others = ([_value(one, name) for one in some] for some in (own, base))
            gaps = [a - b for a, b in zip(values, others, strict=True)]
            line += [f"{mean_interval(values).mean:.3f}", "-" if p == rates[0] else _spell(gaps)]
        lines.append(line)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _of(runs: Runs, moment: str, layer: int, p: float) -> list[LayerStatistics]:
    return [found[moment][layer] for (rate, _), found in sorted(runs.items()) if rate == p]


def _value(layer: LayerStatistics, name: str) -> float:
    value: float | None = getattr(layer, name)
    if value is None:
        raise RuntimeError(f"Layer {layer.layer} has fewer than two living units; widen it.")
    return value


def _spell(gaps: Sequence[float]) -> str:
    found = mean_interval(gaps)
    if found.low is None or found.high is None:
        return f"{found.mean:+.3f}"
    return f"{found.mean:+.3f} ({found.low:+.3f} to {found.high:+.3f})"


def main(words: Sequence[str] | None = None) -> None:
    """Train, measure, print."""
    asked = _parser().parse_args(words)
    data = load("digits").flattened()
    network = MLP((*data.shape, *asked.hidden, data.outputs), asked.activation)
    settings = TrainingSettings(asked.epochs)
    part: Part = getattr(data, asked.part)
    runs = {}
    for seed, p in product(range(asked.seeds), sorted({0.0, *asked.p})):
        runs[p, seed] = measure(network, data, part, settings, p, seed)
        sys.stderr.write(f"seed {seed}, p {p:g}\n")
    sys.stdout.write(
        f"{'-'.join(map(str, network.widths))}, {asked.activation}, Adam, {asked.epochs} epochs; "
        f"{asked.seeds} paired seeds; {len(part):,} rows of the {asked.part} part; "
        f"torch {torch.__version__}.\n\n{render(runs)}\n"
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Measure hidden units with and without dropout.")
    parser.add_argument("--hidden", type=int, nargs="+", default=[200, 100, 50])
    parser.add_argument("--activation", default="relu", choices=list(ACTIVATIONS))
    parser.add_argument("--p", type=float, nargs="+", default=[0.2, 0.5], help="beside 0")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--part", default="test", choices=["train", "validation", "test"])
    return parser


if __name__ == "__main__":
    main()
