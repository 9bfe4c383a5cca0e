"""Findings for a person: what, where in the source, why, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from rich.text import Text

from ...audit import Finding, Place, Severity
from ...audit.source import Unreadable, find_cell, read
from ._excerpt import excerpt

_STYLES: dict[Severity, str] = {
    "error": "bold red",
    "warning": "bold yellow",
    "advice": "bold cyan",
}


def render_findings(findings: Iterable[Finding]) -> Iterator[Text]:
    """Write findings, each with its lines; the reason of a rule stands at its first finding.

    Args:
        findings: Of an audit.

    Yields:
        One text for each, readable without color.
    """
    lines_of = cache(_lines)
    told: set[str] = set()
    for finding in findings:
        lines = lines_of(finding.place.path) if finding.place.path else []
        yield render_finding(finding, lines, why=finding.why not in told)
        told.add(finding.why)


def render_finding(finding: Finding, lines: Sequence[str] = (), *, why: bool = True) -> Text:
    """Write one finding.

    Args:
        finding: What was found.
        lines: Of its file, to show where; none for a finding in a model.
        why: Whether to say why it matters.

    Returns:
        Several lines.
    """
    style = _STYLES[finding.severity]
    where, skipped = _where(finding.place)
    text = Text()
    text.append(f"{finding.severity} {finding.rule}", style=style)
    text.append(f" {finding.name}: {finding.message}\n")
    text.append("  --> ", style="dim").append(f"{where}\n")
    text.append_text(excerpt(_moved(finding.place, skipped), lines[skipped:], style))
    if why:
        text.append("  why: ", style="dim").append(f"{finding.why}\n")
    if finding.fix is not None:
        text.append("  fix: ", style="dim").append(finding.fix.message)
        text.append(" (--fix does it)\n" if finding.fix.is_safe else "\n", style="dim")
    return text


def _where(place: Place) -> tuple[str, int]:
    """Where it is in words, and how many lines of the file's text stand before its cell."""
    if place.path is None or place.line is None or not place.path.endswith(".ipynb"):
        return str(place) or "the model", 0
    cell, line = find_cell(Path(place.path), place.line)
    return f"{place.path} cell {cell}, line {line}", place.line - line


def _moved(place: Place, lines: int) -> Place:
    if not lines or place.line is None:
        return place
    end = None if place.end_line is None else place.end_line - lines
    return replace(place, line=place.line - lines, end_line=end)


def _lines(path: str) -> list[str]:
    try:
        return read(Path(path)).split("\n")
    except Unreadable:
        return []  # a model's own file may be in an archive
