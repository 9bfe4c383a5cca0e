"""A table of figures as text, for a terminal of any width or for a Markdown page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rich.table import Table

_GAP = 1


@dataclass(frozen=True, slots=True)
class Figures:
    """Headings and rows of text.

    Attributes:
        headings: One per column; may be broken into lines, within a word by a hyphen.
        rows: Each with one text per column.
        keys: How many of the first columns say what a row is about; the others hold figures.
        caption: What the figures are.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    keys: int
    caption: str


def render(figures: Figures, width: int) -> list[Table]:
    """Lay the table out for a terminal.

    Args:
        figures: What to show.
        width: Columns of the terminal.

    Returns:
        One table, or where it is too wide several, each with the key columns.
    """
    parts = _split(figures, width)
    tables = [_lay_out(figures, columns) for columns in parts]
    tables[-1].caption = figures.caption
    return tables


def to_markdown(figures: Figures) -> str:
    """Write the table as Markdown, its caption below."""
    marks = ["---" if i < figures.keys else "---:" for i in range(len(figures.headings))]
    headings = [text.replace("-\n", "").replace("\n", " ") for text in figures.headings]
    lines = ["| " + " | ".join(row) + " |" for row in (headings, marks, *figures.rows)]
    return "\n".join([*lines, "", figures.caption])


def _split(figures: Figures, width: int) -> list[list[int]]:
    """Distribute the columns of figures over tables that fit, each after the key columns."""
    widths = [_width(figures, column) for column in range(len(figures.headings))]
    keys = list(range(figures.keys))
    parts = [keys[:]]
    for column in range(figures.keys, len(widths)):
        taken = sum(widths[other] + _GAP for other in parts[-1])
        if len(parts[-1]) > len(keys) and taken + widths[column] > width:
            parts.append(keys[:])
        parts[-1].append(column)
    return parts


def _width(figures: Figures, column: int) -> int:
    texts = [*figures.headings[column].split("\n"), *(row[column] for row in figures.rows)]
    return max(len(text) for text in texts)


def _lay_out(figures: Figures, columns: Sequence[int]) -> Table:
    table = Table(box=None, padding=(0, _GAP, 0, 0), pad_edge=False, caption_justify="left")
    for column in columns:
        heading = figures.headings[column]
        if column < figures.keys:
            table.add_column(heading, vertical="bottom")
        else:
            table.add_column(heading, vertical="bottom", justify="right")
    for row in figures.rows:
        table.add_row(*(row[column] for column in columns))
    return table
