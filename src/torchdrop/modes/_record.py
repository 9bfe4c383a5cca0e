"""The record of what was turned off, and what could not be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

_HEADINGS = ("site", "what", "p", "result")


@dataclass(frozen=True, slots=True)
class TurnedOff:
    """One place that drops in training, and what became of it.

    Attributes:
        site: Qualified name of the module; empty for the model itself.
        what: The layer's class, the class and attribute of a rate, or the function.
        p: The probability of dropping from before; `None` if it is unknown.
        result: How it was turned off, or why it could not be.
        place: Where a function is called, as "file.py:12".
    """

    site: str
    what: str
    p: float | None
    result: str
    place: str | None = None


@dataclass(slots=True)
class Disabled:
    """What was turned off and what could not be; `print` shows a table.

    Its length and iteration are those of `off`. Functional calls come in when they are met, each
    place once, so that inside a block of `disabled` the record grows with the first forwards.

    Attributes:
        off: Places that were turned off.
        left: Places that still drop, or may.
    """

    off: list[TurnedOff] = field(default_factory=list)
    left: list[TurnedOff] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.off)

    def __iter__(self) -> Iterator[TurnedOff]:
        return iter(self.off)

    def __str__(self) -> str:
        rows = [_row(entry, entry.result) for entry in self.off]
        rows += [_row(entry, f"left: {entry.result}") for entry in self.left]
        if not rows:
            return "No dropout to turn off."
        table = [_HEADINGS, *rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = (
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            for row in table
        )
        return "\n".join(line.rstrip() for line in lines)


def _row(entry: TurnedOff, result: str) -> tuple[str, str, str, str]:
    what = f"{entry.what} at {entry.place}" if entry.place else entry.what
    p = "?" if entry.p is None else f"{entry.p:g}"
    return entry.site or "(model)", what, p, result
