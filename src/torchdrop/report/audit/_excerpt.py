"""The lines that a finding is about, with carets below them."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.text import Text

from ...audit import Place

_TAB = "    "


def excerpt(place: Place, lines: Sequence[str], style: str) -> Text:
    """Show a place in its file: the line before, the line itself, and carets.

    Args:
        place: Where; with a line.
        lines: Of the file.
        style: Of the carets.

    Returns:
        Lines with their numbers; empty if the file has no such line.
    """
    number = place.line or 0
    if not 1 <= number <= len(lines):
        return Text()
    width = len(str(number))
    text = Text().append(f"{'':{width}} |\n", style="dim")
    above = lines[number - 2] if number > 1 else ""
    if above.strip():
        text.append_text(_numbered(number - 1, above, width))
    line = lines[number - 1]
    text.append_text(_numbered(number, line, width))
    start = min((place.column or 1) - 1, len(line))
    end = _end(place, line)
    before, marked = _shown(line[:start]), _shown(line[start:end])
    text.append(f"{'':{width}} | ", style="dim")
    text.append(" " * cell_len(before))
    text.append("^" * max(cell_len(marked), 1), style=style)
    if (place.end_line or number) > number:
        text.append(" ...", style="dim")
    return text.append("\n")


def _end(place: Place, line: str) -> int:
    """Behind the last marked character of the first line."""
    if place.end_column is None or (place.end_line or place.line) != place.line:
        return len(line.rstrip())
    return min(place.end_column - 1, len(line))


def _numbered(number: int, line: str, width: int) -> Text:
    text = Text().append(f"{number:>{width}} | ", style="dim")
    return text.append(f"{_shown(line.rstrip())}\n")


def _shown(line: str) -> str:
    """As a terminal shall show it: tabs have a fixed width, and nothing controls the terminal."""
    return "".join(x if x.isprintable() else "?" for x in line.replace("\t", _TAB))
