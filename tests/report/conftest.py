"""Synthetic results: what a sweep could have left behind, without training anything."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest

from torchdrop.training import Epoch, History
from torchdrop.tuning import DataSummary, Layout, Member, TuningResult

ResultFactory = Callable[..., TuningResult]

GRID = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)


@pytest.fixture(scope="session")
def make_result() -> ResultFactory:
    return build_result


@pytest.fixture(scope="session")
def result() -> TuningResult:
    return build_result()


def build_result(
    *,
    grid: Sequence[float] = GRID,
    seeds: int = 5,
    epochs: int = 30,
    diverged: Sequence[tuple[float, int]] = (),
    task: str = "classification",
    name: str = "digits",
    layout: Layout | None = Layout((64, 128, 64, 10), (False, True, True, False)),  # noqa: B008
    benefit: float = 1.0,
    scale: float = 1.0,
) -> TuningResult:
    """A sweep whose losses follow the book: dropout narrows the gap and slows convergence."""
    members = tuple(
        _member(p, seed, epochs, task, benefit, scale, (p, seed) in diverged)
        for p in grid
        for seed in range(seeds)
    )
    classes = tuple("0123456789") if task == "classification" else ()
    notes = (
        "Rows with a missing target were left out: 3 of 1,797.",
        "Inputs were scaled to [0, 1].",
    )
    training = {"epochs": epochs, "batch_size": 64, "optimizer": "adam", "lr": 0.001}
    settings = {"network": "MLP", "p": list(grid), "seeds": seeds, "training": training}
    data = DataSummary(name, task, (1078, 359, 360), (64,), classes, notes)
    return TuningResult(settings, data, members, layout)


def _member(
    p: float, seed: int, epochs: int, task: str, benefit: float, scale: float, diverged: bool
) -> Member:
    noise = np.random.default_rng(int(seed * 1000 + round(p * 100)))
    luck = float(np.random.default_rng(seed).normal(0, 0.008))
    history = History(
        tuple(
            _epoch(number, p, benefit, scale, luck, noise, diverged and number > epochs // 3)
            for number in range(1, epochs + 1)
        )
    )
    test = (
        math.nan if diverged else history.best.validation_loss + scale * noise.normal(0.005, 0.003)
    )
    accuracy = 0.985 - test / scale / 8 if task == "classification" else None
    return Member(p, seed, history, test, accuracy)


def _epoch(
    number: int,
    p: float,
    benefit: float,
    scale: float,
    luck: float,
    noise: np.random.Generator,
    diverged: bool,
) -> Epoch:
    speed = 0.35 * (1 - 0.75 * p)
    training = 2.2 * math.exp(-speed * number) + 0.05 + 0.16 * max(0.0, p - 0.3) ** 1.5
    overfit = 0.0055 * number * max(0.0, 1 - 2.9 * p * benefit)
    gap = 0.09 * (1 - math.exp(-number / 6)) * (1 - 0.6 * benefit * p) + overfit
    validation = training + gap + luck * (1 - math.exp(-number / 3)) + noise.normal(0, 0.003)
    noisy = training * (1 + 1.2 * p) + 0.25 * p + abs(noise.normal(0, 0.004))
    if diverged:
        training, validation, noisy = math.inf, math.nan, math.nan
    accuracy = None if math.isnan(validation) else 0.99 - validation / 8
    return Epoch(
        number, scale * noisy, scale * training, scale * validation, accuracy, 0.021 + p / 500
    )
