"""How far a benchmark is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Progress:
    """What is measured next.

    Attributes:
        done: Cases that are finished.
        total: Cases in all.
        doing: The case that starts now, in words.
    """

    done: int
    total: int
    doing: str


Observer = Callable[[Progress], None]


def watch_nothing(progress: Progress) -> None:
    """Observe nothing."""
