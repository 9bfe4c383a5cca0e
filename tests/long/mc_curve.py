"""Error and likelihood by number of samples, as Markdown: `python -m tests.long.mc_curve`.

The shape of figure 11 of Srivastava et al. (JMLR 15, 2014) on the built-in digits: the mean of
T = 1, 2, 5, ..., 500 samples beside weight scaling, the pass in evaluation mode. For each seed, a
network is trained and the test part is predicted once; intervals are over seeds, after Student.

Same seeds, same figures, on the same machine and torch: one thread.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset

from torchdrop import networks
from torchdrop.data import Dataset, load
from torchdrop.montecarlo import Point, predict
from torchdrop.tuning._statistics import mean_interval

Curve = tuple[Point, ...]

WIDTHS = (256, 256)
BATCH = 64


@dataclass(frozen=True)
class Line:
    """One number of samples, over seeds.

    Attributes:
        samples: How many; 0 for weight scaling.
        errors: Share of wrong classes by seed, in percent.
        log_likelihoods: By seed, in nats.
        plain_errors: Of weight scaling.
        plain_log_likelihoods: Of weight scaling.
    """

    samples: int
    errors: tuple[float, ...]
    log_likelihoods: tuple[float, ...]
    plain_errors: tuple[float, ...]
    plain_log_likelihoods: tuple[float, ...]

    @property
    def row(self) -> list[str]:
        """Its line in the table."""
        cells = [str(self.samples) if self.samples else "weight scaling"]
        for own, plain, digits in (
            (self.errors, self.plain_errors, 2),
            (self.log_likelihoods, self.plain_log_likelihoods, 4),
        ):
            cells.append(told(own, digits))
            apart = [a - b for a, b in zip(own, plain, strict=True)]
            cells.append(told(apart, digits, sign="+") if self.samples else "")
        return cells


def told(values: Sequence[float], digits: int, sign: str = "") -> str:
    """Mean over seeds, with its 95 % interval where there is one."""
    found = mean_interval(values)
    mean = f"{found.mean:{sign}.{digits}f}"
    if found.low is None or found.high is None:
        return mean
    return f"{mean} ({found.low:{sign}.{digits}f} to {found.high:{sign}.{digits}f})"


def lines(curves: Sequence[Curve]) -> list[Line]:
    """Put the curves of all seeds together, weight scaling first."""
    plain = [curve[0] for curve in curves]
    return [
        Line(
            points[0].samples,
            tuple(100 * point.error for point in points),
            tuple(point.log_likelihood for point in points),
            tuple(100 * point.error for point in plain),
            tuple(point.log_likelihood for point in plain),
        )
        for points in zip(*curves, strict=True)
    ]


def train(data: Dataset, p: float, epochs: int, seed: int) -> nn.Module:
    """Train a network as usual, with dropout behind every hidden layer."""
    torch.manual_seed(seed)
    x, y = data.train.x, data.train.y
    model = networks.mlp(x.shape[1], *WIDTHS, len(data.classes), p=p)
    optimizer = torch.optim.Adam(model.parameters(), 1e-3)
    for _ in range(epochs):
        for rows in torch.split(torch.randperm(len(x)), BATCH):
            optimizer.zero_grad(set_to_none=True)
            torch.autograd.backward(F.cross_entropy(model(x[rows]), y[rows]))
            optimizer.step()
    return model


def curve(data: Dataset, p: float, epochs: int, samples: int, seed: int) -> Curve:
    """Train one network, and judge more and more of its samples on the test part."""
    with torch.random.fork_rng(devices=[]):
        model = train(data, p, epochs, seed)
        test = TensorDataset(data.test.x, data.test.y)
        generator = torch.Generator().manual_seed(seed)
        return predict(model, test, samples, generator=generator, block=len(test)).compare()


def render(found: Sequence[Line]) -> str:
    """Write the table."""
    head = ["T", "error, %", "beside weight scaling", "log-likelihood", "beside weight scaling"]
    rows = [head, ["---"] * len(head), *(line.row for line in found)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def main(words: Sequence[str] | None = None) -> None:
    """Train, predict and print."""
    parser = argparse.ArgumentParser(description="Judge the mean of more and more samples.")
    parser.add_argument("--p", type=float, default=0.5)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--seeds", type=int, default=5)
    asked = parser.parse_args(words)
    torch.set_num_threads(1)
    data = load("digits").flattened()
    curves = []
    for seed in range(asked.seeds):
        curves.append(curve(data, asked.p, asked.epochs, asked.samples, seed))
        print(f"{seed + 1} of {asked.seeds} networks", file=sys.stderr)  # noqa: T201
    widths = "-".join(str(x) for x in (data.train.x.shape[1], *WIDTHS, len(data.classes)))
    sys.stdout.write(
        f"{data.name}: {len(data.train):,} training and {len(data.test):,} test rows; {widths}, "
        f"p = {asked.p:g}, Adam, {asked.epochs} epochs, batch {BATCH}, {asked.seeds} seeds "
        f"(95 % intervals over them); torch {torch.__version__}, one thread.\n\n"
        f"{render(lines(curves))}"
    )


if __name__ == "__main__":
    main()
