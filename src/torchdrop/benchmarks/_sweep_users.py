"""The same grid in plain PyTorch, as a user would write it; nothing of torchdrop is imported.

`benchmark_sweep` runs this file as a script in a process of its own, so that time and memory are
those of a script with `import torch` at its top. A task comes as JSON on standard input, its
outcome goes to standard output.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

Rows = tuple[Tensor, Tensor]
Batches = Callable[[], Iterator[Rows]]
Losses = list[tuple[float, float]]

_CHUNK = 4096  # rows of a batch in evaluation, as in torchdrop's own loop


def train_network(
    task: dict[str, Any], parts: dict[str, Rows], p: float, seed: int, *, loader: bool
) -> Losses:
    """Train one network, keep its best weights by validation loss, and score it once at the end.

    Args:
        task: `hidden`, `epochs`, `batch_size` and `lr`.
        parts: `train`, `validation` and `test`, each with `x` `(N, D)` and `y` `(N,)`.
        p: Probability of dropping.
        seed: For `torch.manual_seed`.
        loader: Whether batches come from a `DataLoader`, or are cut from tensors in memory.

    Returns:
        Training and validation loss after each epoch, in evaluation mode.
    """
    torch.manual_seed(seed)
    make_batches = _from_loader if loader else _from_tensors
    inputs, classes = parts["train"][0].shape[1], int(parts["train"][1].max()) + 1
    model = build_network((inputs, *task["hidden"], classes), p)
    optimizer = torch.optim.Adam(model.parameters(), lr=task["lr"])
    training = make_batches(parts["train"], task["batch_size"], shuffle=True)
    scoring = {name: make_batches(rows, _CHUNK, shuffle=False) for name, rows in parts.items()}
    best_loss, best_weights = float("inf"), _copy_weights(model)
    losses: Losses = []
    for _ in range(task["epochs"]):
        model.train()
        for x, y in training():
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()  # type: ignore[no-untyped-call]
            optimizer.step()
        training_loss, _ = _score(model, scoring["train"])
        validation_loss, _ = _score(model, scoring["validation"])
        losses.append((training_loss, validation_loss))
        if validation_loss < best_loss:
            best_loss, best_weights = validation_loss, _copy_weights(model)
    model.load_state_dict(best_weights)
    _score(model, scoring["test"])
    return losses


def build_network(widths: tuple[int, ...], p: float) -> nn.Sequential:
    """Chain linear layers, with leaky ReLU and `nn.Dropout(p)` between any two."""
    layers: list[nn.Module] = []
    for inputs, outputs in pairwise(widths[:-1]):
        layers += [nn.Linear(inputs, outputs), nn.LeakyReLU(), nn.Dropout(p)]
    return nn.Sequential(*layers, nn.Linear(widths[-2], widths[-1]))


def measured(work: Callable[[], list[Losses]]) -> dict[str, Any]:
    """Run `work` and measure it.

    Args:
        work: Trains all networks; returns their losses.

    Returns:
        `seconds` of wall time; `cpu_seconds`, those of finished child processes included; and
        `losses`, by network and epoch.
    """
    cpu, start = cpu_seconds(), time.perf_counter()
    losses = work()
    seconds = time.perf_counter() - start
    return {"seconds": seconds, "cpu_seconds": cpu_seconds() - cpu, "losses": losses}


def cpu_seconds() -> float:
    """Processor time of this process and of its finished children, user and system."""
    import resource  # noqa: PLC0415 - Unix only; the benchmark refuses to start elsewhere

    usages = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _from_loader(rows: Rows, size: int, *, shuffle: bool) -> Batches:
    loader: DataLoader[Any] = DataLoader(TensorDataset(*rows), size, shuffle=shuffle)
    return lambda: iter(loader)


def _from_tensors(rows: Rows, size: int, *, shuffle: bool) -> Batches:
    x, y = rows

    def batches() -> Iterator[Rows]:
        if not shuffle:
            yield from zip(torch.split(x, size), torch.split(y, size), strict=True)
            return
        for chosen in torch.split(torch.randperm(len(y)), size):
            yield x[chosen], y[chosen]

    return batches


@torch.no_grad()
def _score(model: nn.Module, batches: Batches) -> tuple[float, float]:
    model.eval()
    loss, correct, count = 0.0, 0, 0
    for x, y in batches():
        output = model(x)
        loss += F.cross_entropy(output, y).item() * len(y)
        correct += int((output.argmax(1) == y).sum())
        count += len(y)
    return loss / count, correct / count


def _copy_weights(model: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in model.state_dict().items()}


def _one_after_the_other(task: dict[str, Any], parts: dict[str, Rows]) -> list[Losses]:
    loader = task["contestant"] == "a"
    return [train_network(task, parts, p, seed, loader=loader) for p, seed in task["cells"]]


# What a worker process keeps; filled once, when it starts.
_work: dict[str, Any] = {}


def _start_worker(task: dict[str, Any], path: str) -> None:
    torch.set_num_threads(1)
    _work.update(task=task, parts=_read(path))


def _train_in_worker(cell: tuple[float, int]) -> Losses:
    return train_network(_work["task"], _work["parts"], *cell, loader=False)


def _one_process_per_core(task: dict[str, Any], path: str) -> list[Losses]:
    context = multiprocessing.get_context("spawn")  # forking a process that has threads may hang
    workers = min(task["cores"], len(task["cells"]))
    with ProcessPoolExecutor(workers, context, _start_worker, (task, path)) as pool:
        return list(pool.map(_train_in_worker, task["cells"]))


def _read(path: str) -> dict[str, Rows]:
    with np.load(path) as arrays:
        tensors = {name: torch.from_numpy(arrays[name]) for name in arrays.files}
    names = ("train", "validation", "test")
    return {name: (tensors[f"{name}_x"], tensors[f"{name}_y"]) for name in names}


def _warm_up(task: dict[str, Any], parts: dict[str, Rows]) -> None:
    """Train a tiny network, so that what torch loads at the first step is not measured."""
    tiny = {**task, "hidden": [8], "epochs": 1}
    few = {name: (x[:64], y[:64]) for name, (x, y) in parts.items()}
    train_network(tiny, few, 0.5, 0, loader=task["contestant"] == "a")


def main() -> None:
    """Do the task that standard input holds."""
    task = json.load(sys.stdin)
    if task["threads"] is not None:
        torch.set_num_threads(task["threads"])
    path = str(Path(task["data"]))
    parts = _read(path)
    _warm_up(task, parts)
    if task["contestant"] == "c":
        outcome = measured(lambda: _one_process_per_core(task, path))
    else:
        outcome = measured(lambda: _one_after_the_other(task, parts))
    json.dump(outcome, sys.stdout)


if __name__ == "__main__":
    main()
