"""The record of what surgery did to a model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

_HEADINGS = ("site", "before", "after", "why")


@dataclass(frozen=True, slots=True)
class Change:
    """What became of the layer at one place in a model.

    Attributes:
        site: The place, as `model.get_submodule` takes it; empty for the model itself.
        before: The layer that was there.
        after: The layer that is there now; `before` again if it was left alone.
        why: The reason, in a few words.
    """

    site: str
    before: str
    after: str
    why: str


@dataclass(frozen=True, slots=True)
class Changes:
    """What surgery changed in a model and what it left alone; `print` shows a table.

    Its length, iteration and truth are those of the changes made.

    Attributes:
        made: One entry for each place whose layer is another one now, in the model's order.
        left: One entry for each place that was left alone although it has to do with dropout.
    """

    made: tuple[Change, ...] = ()
    left: tuple[Change, ...] = ()

    def __len__(self) -> int:
        return len(self.made)

    def __iter__(self) -> Iterator[Change]:
        return iter(self.made)

    def __str__(self) -> str:
        rows = [(c.site or "(model)", c.before, c.after, c.why) for c in self.made]
        rows += [(c.site or "(model)", c.before, "left alone", c.why) for c in self.left]
        if not rows:
            return "Nothing to change."
        table = [_HEADINGS, *rows]
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        lines = (
            "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
            for row in table
        )
        return "\n".join(line.rstrip() for line in lines)
