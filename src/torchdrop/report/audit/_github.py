"""Findings as GitHub shows them beside the lines of a pull request."""

from __future__ import annotations

from pathlib import Path

from ...audit import Finding, Findings, Severity
from ...audit.source import find_cell

_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "advice": "notice"}


def render_annotations(findings: Findings, root: Path) -> str:
    """Write findings as commands of a GitHub workflow, one on a line.

    Args:
        findings: Of an audit.
        root: Folder of the project; GitHub takes paths from it.

    Returns:
        Lines such as `::error file=model.py,line=3,title=DRP101 ...::...`; empty for none.
    """
    return "".join(f"{_annotation(finding, root)}\n" for finding in findings)


def _annotation(finding: Finding, root: Path) -> str:
    place, message = finding.place, finding.message
    fields: dict[str, object] = {}
    if place.path is not None:
        path, folder = Path(place.path).resolve(), root.resolve()
        inside = path.relative_to(folder) if path.is_relative_to(folder) else path
        fields["file"] = inside.as_posix()
    if place.path and place.path.endswith(".ipynb") and place.line:
        cell, line = find_cell(Path(place.path), place.line)  # the lines of its JSON say nothing
        message = f"Cell {cell}, line {line}: {message}"
    elif place.line is not None:
        fields |= {"line": place.line, "endLine": place.end_line or place.line}
        if place.column and place.end_column and place.end_line == place.line:
            fields |= {"col": place.column, "endColumn": place.end_column}
    if place.module:
        message = f"{place.module}: {message}"
    fields["title"] = f"{finding.rule} {finding.name}"
    said = ",".join(f"{key}={_property(str(value))}" for key, value in fields.items())
    fix = f" {finding.fix.message}" if finding.fix else ""
    return f"::{_LEVELS[finding.severity]} {said}::{_data(message + fix)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
