"""A unit of work half done, in one file that is whole or not there, and checked when it is read."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import safetensors
import safetensors.torch

from ..training import Snapshot
from ._fingerprint import digest
from ._json import to_json
from ._writing import write_bytes

Cell: TypeAlias = tuple[float, int]
"""Rate and seed of one network."""

INTERVAL = 5.0
"""Seconds between two checkpoints of a unit, at least."""

_SHARE = 0.05
_VERSION = 1


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """Networks in training.

    Attributes:
        cells: All networks that began together, in their order.
        snapshot: Where they are; those that were done by then are not in it. Empty if they have
            only just begun.
    """

    cells: tuple[Cell, ...]
    snapshot: Snapshot

    @property
    def active(self) -> tuple[Cell, ...]:
        """The networks that were not done."""
        places = self.snapshot.facts.get("active", range(len(self.cells)))
        return tuple(self.cells[i] for i in places)

    @property
    def has_trained(self) -> bool:
        """Whether there is anything to go on from."""
        return bool(self.snapshot.tensors)


def write_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Write a checkpoint in the place of the one before.

    Args:
        path: A `.safetensors` file.
        checkpoint: What to write.

    Raises:
        RunDirectoryError: If it cannot be written; the one before is still there.
    """
    tensors = {name: value.contiguous() for name, value in checkpoint.snapshot.tensors.items()}
    facts = {
        "version": _VERSION,
        "cells": checkpoint.cells,
        "facts": dict(checkpoint.snapshot.facts),
    }
    text = json.dumps(to_json(facts), allow_nan=False)
    metadata = {"content": text, "sha256": digest(tensors, text)}
    write_bytes(path, safetensors.torch.save(tensors, metadata))


def read_checkpoint(path: Path) -> Checkpoint:
    """Read a checkpoint; no code is run.

    Args:
        path: What `write_checkpoint` wrote.

    Returns:
        The checkpoint.

    Raises:
        ValueError: If it is not what was written; the text completes "the file is damaged: ".
    """
    try:
        with safetensors.safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            # Copies: memory of the file itself is not aligned as torch's, which can change bits.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
    except (safetensors.SafetensorError, OSError) as error:
        raise ValueError("it is no whole safetensors file") from error
    text = metadata.get("content", "")
    if metadata.get("sha256") != digest(tensors, text):
        raise ValueError("it does not match its checksum")
    content = json.loads(text)
    if content["version"] != _VERSION:
        raise ValueError(f"it has version {content['version']}, not {_VERSION}")
    cells = tuple((p, seed) for p, seed in content["cells"])
    return Checkpoint(cells, Snapshot(tensors, content["facts"]))


class Keeper:
    """Writes a unit's checkpoints: not too often, and never for more than 5 % of the time.

    Args:
        path: The unit's file.
        interval: Seconds between two checkpoints, at least; 0 writes one after each epoch.
        clock: Tells the time in seconds.
    """

    def __init__(
        self,
        path: Path,
        interval: float | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._path = path
        self._interval = INTERVAL if interval is None else interval
        self._clock = clock
        self._due = clock() + self._interval

    def begin(self, cells: Sequence[Cell]) -> None:
        """Write down who is trained together, so that the same are if it has to begin again.

        Args:
            cells: The networks that begin together.
        """
        write_checkpoint(self._path, Checkpoint(tuple(cells), Snapshot({}, {})))

    def offer(self, cells: Sequence[Cell], take: Callable[[], Snapshot]) -> None:
        """Write a checkpoint if one is due.

        Args:
            cells: The networks that began together.
            take: Takes the snapshot.
        """
        begun = self._clock()
        if begun < self._due:
            return
        write_checkpoint(self._path, Checkpoint(tuple(cells), take()))
        now = self._clock()
        wait = max(self._interval, (now - begun) / _SHARE) if self._interval else 0.0
        self._due = now + wait


def file_name(cells: Sequence[Cell]) -> str:
    """Name the file of a unit by its networks."""
    content: list[Any] = [list(cell) for cell in cells]
    return f"{digest({}, json.dumps(content))[:16]}.safetensors"
