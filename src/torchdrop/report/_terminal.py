"""The verdict and the table for a terminal, readable without color."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from ..tuning import TuningResult
from ._table import Cell, Row, headings, mark, rows
from ._words import diverged, effect

MARKER = "*"

# Broken into lines, this column lets the table fit into 80 columns.
_NARROW = {"epochs to reach": 9}


def render_table(result: TuningResult) -> Table:
    """Lay out the table of rates, the row that the verdict picks bold and marked with `*`.

    Args:
        result: The finished sweep.

    Returns:
        A table with one row per rate; intervals stand under their means. The losses are those
        of the best epoch, in evaluation mode.
    """
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, caption_justify="left")
    table.caption = f"{MARKER} {mark(result)}   [ ] 95 % interval; differences: all at once"
    for heading in headings(result):
        narrow = _NARROW.get(heading)
        table.add_column(heading, justify="right", max_width=narrow, no_wrap=narrow is None)
    for row in rows(result):
        table.add_row(*_lines(row), style="bold" if row.marked else "")
    return table


def render_verdict(result: TuningResult) -> Text:
    """Write the verdict, the reason for it, and what dropout did to gap and convergence.

    Args:
        result: The finished sweep.

    Returns:
        A few lines of text, the first one bold.
    """
    lines = (result.verdict.reason, effect(result), diverged(result))
    text = Text(result.verdict.sentence, style="")
    text.stylize("bold")
    return text.append("".join(f"\n{line}" for line in lines if line))


def _lines(row: Row) -> list[Text]:
    star = f"{MARKER} " if row.marked else ""
    first = Cell(star + row.cells[0].text)
    return [_text(cell) for cell in (first, *row.cells[1:])]


def _text(cell: Cell) -> Text:
    text = Text(cell.text)
    return text.append(f"\n{cell.note}", style="dim") if cell.note else text
