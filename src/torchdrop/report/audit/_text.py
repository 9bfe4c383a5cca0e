"""Findings for a person: what, where in the source, why, and what to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path

from rich.text import Text

from ...audit import Finding, Severity
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
    text = Text()
    text.append(f"{finding.severity} {finding.rule}", style=style)
    text.append(f" {finding.name}: {finding.message}\n")
    text.append("  --> ", style="dim").append(f"{_where(finding)}\n")
    text.append_text(excerpt(finding.place, lines, style))
    if why:
        text.append("  why: ", style="dim").append(f"{finding.why}\n")
    if finding.fix is not None:
        text.append("  fix: ", style="dim").append(finding.fix.message)
        text.append(" (--fix does it)\n" if finding.fix.is_safe else "\n", style="dim")
    return text


def _where(finding: Finding) -> str:
    place = finding.place
    if place.path is None or place.line is None or not place.path.endswith(".ipynb"):
        return str(place) or "the model"
    cell, line = find_cell(Path(place.path), place.line)
    return f"{place.path} cell {cell}, line {line}"


def _lines(path: str) -> list[str]:
    try:
        return read(Path(path)).split("\n")
    except Unreadable:
        return []  # a model's own file may be in an archive
