"""The grid by `torchdrop.tune`, in a process of its own; see `_sweep_users` for the others."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch

from ..data import Dataset, Part, load
from ..networks import MLP
from ..training import Objective, Stack, Track, TrainingSettings, fit, fit_stack
from ..tuning import tune
from ._sweep_users import Losses, measured

ENGINES: dict[str, dict[str, Any]] = {
    "d": {"engine": "stacked"},
    "e": {"engine": "stacked", "workers": 2},
    "loop": {"engine": "loop"},
}
"""Arguments of `tune` by contestant."""


def train_grid(task: dict[str, Any], data: Dataset) -> list[Losses]:
    """Train every network of the task.

    Args:
        task: `contestant`, `hidden`, `cells`, `epochs`, `batch_size` and `lr`.
        data: What to train on, rows flattened.

    Returns:
        Training and validation loss after each epoch, by network.
    """
    make_network = MLP((data.shape[0], *task["hidden"], data.outputs), fuse=True)
    if len(task["cells"]) == 1:
        settings = TrainingSettings(task["epochs"], task["batch_size"], lr=task["lr"])
        return [_train_one(task, make_network, data, settings)]
    result = tune(
        make_network,
        data,
        p=sorted({p for p, _ in task["cells"]}),
        seeds=len({seed for _, seed in task["cells"]}),
        epochs=task["epochs"],
        batch_size=task["batch_size"],
        lr=task["lr"],
        **ENGINES[task["contestant"]],
    )
    epochs = [member.history.epochs for member in result.members]
    return [[(e.training_loss, e.validation_loss) for e in own] for own in epochs]


def _train_one(
    task: dict[str, Any], make_network: MLP, data: Dataset, settings: TrainingSettings
) -> Losses:
    """Train a single network, for which `tune` has no grid: a stack of one, or the loop itself."""
    ((p, seed),) = task["cells"]
    torch.manual_seed(seed)
    model, objective = make_network(p), Objective(data.task)
    order = torch.Generator().manual_seed(seed)
    if task["contestant"] == "loop":
        epochs: Sequence[Any] = fit(
            model, data.train, data.validation, objective, settings, order=order
        ).epochs
    else:
        track = Track(order, torch.Generator().manual_seed(seed))
        stack = Stack([model], data.train.x[:8])
        fit_stack(stack, [track], data.train, data.validation, objective, settings)
        model.load_state_dict(track.best)
        epochs = track.epochs
    objective.score(model, data.test)
    return [(epoch.training_loss, epoch.validation_loss) for epoch in epochs]


def _read(path: str) -> Dataset:
    """Load digits with the rows of the task in place of its own."""
    data = load("digits").flattened()
    with np.load(path) as arrays:
        tensors = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    parts = {
        name: Part(tensors[f"{name}_x"], tensors[f"{name}_y"])
        for name in ("train", "validation", "test")
    }
    return replace(data, **parts)  # type: ignore[arg-type]


def _warm_up(task: dict[str, Any], data: Dataset) -> None:
    """Train two tiny networks, so that what torch loads at the first step is not measured."""
    contestant = "loop" if task["contestant"] == "loop" else "d"
    tiny = {"contestant": contestant, "hidden": [8], "cells": [[0.0, 0], [0.5, 0]], "epochs": 1}
    few = {name: getattr(data, name) for name in ("train", "validation", "test")}
    few = {name: Part(part.x[:64], part.y[:64]) for name, part in few.items()}
    train_grid({**task, **tiny}, replace(data, **few))


def main() -> None:
    """Do the task that standard input holds."""
    task = json.load(sys.stdin)
    if task["threads"] is not None:
        torch.set_num_threads(task["threads"])
    data = _read(task["data"])
    _warm_up(task, data)
    json.dump(measured(lambda: train_grid(task, data)), sys.stdout)
