"""Findings in SARIF 2.1.0, which code scanning services and editors read."""

from __future__ import annotations

import os
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

from ...audit import Edit, Finding, Findings, Place, Rule, Severity, fingerprints
from ...audit.source import read

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
_LEVELS: dict[Severity, str] = {"error": "error", "warning": "warning", "advice": "note"}
_ROOT = "%SRCROOT%"


def to_sarif(findings: Findings, rules: Sequence[Rule], root: Path) -> dict[str, Any]:
    """Set out findings as a SARIF log.

    Args:
        findings: Of an audit.
        rules: All that could have been broken.
        root: Folder of the project; paths are written from it.

    Returns:
        Plain JSON types. Columns count characters; places in notebooks are whole files.

    Source:
        Static Analysis Results Interchange Format (SARIF) 2.1.0, OASIS standard with errata 01:
        https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html.
    """
    order = {rule.id: place for place, rule in enumerate(rules)}
    marks = fingerprints(findings, root)
    results = []
    for finding, mark in zip(findings, marks, strict=True):
        result = _result(finding, order[finding.rule], root)
        said = "/".join((mark.rule, mark.path, mark.text, str(mark.occurrence)))
        result["partialFingerprints"] = {"torchdrop/v1": said}
        results.append(result)
    run = {
        "tool": {"driver": _driver(rules)},
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": {_ROOT: {"uri": f"{root.resolve().as_uri().rstrip('/')}/"}},
        "invocations": [_invocation(findings, root)],
        "results": results,
    }
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}


def _driver(rules: Sequence[Rule]) -> dict[str, Any]:
    return {
        "name": "torchdrop",
        "version": metadata.version("torchdrop"),
        "rules": [
            {
                "id": rule.id,
                "name": rule.name,
                "shortDescription": {"text": f"{rule.title}."},
                "fullDescription": {"text": rule.why},
                "help": {"text": rule.advice, "markdown": rule.page.strip()},
                "defaultConfiguration": {"level": _LEVELS[rule.severity]},
            }
            for rule in rules
        ],
    }


def _invocation(findings: Findings, root: Path) -> dict[str, Any]:
    """What could not be read is a notification: code that nobody looked at is not clean."""
    notes = [
        {
            "level": "warning",
            "message": {"text": reason},
            "locations": [{"physicalLocation": {"artifactLocation": _artifact(path, root)}}],
        }
        for path, reason in findings.skipped
    ]
    return {"executionSuccessful": True, "toolExecutionNotifications": notes}


def _result(finding: Finding, index: int, root: Path) -> dict[str, Any]:
    advice = f" {finding.fix.message}" if finding.fix else ""
    result: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": index,
        "level": _LEVELS[finding.severity],
        "message": {"text": f"{finding.message} {finding.why}{advice}"},
    }
    if location := _location(finding.place, root):
        result["locations"] = [location]
    if finding.fix is not None and finding.fix.is_safe and finding.place.path is not None:
        result["fixes"] = [_fix(finding.fix.message, finding.fix.edits, finding.place.path, root)]
    return result


def _location(place: Place, root: Path) -> dict[str, Any]:
    location: dict[str, Any] = {}
    if place.path is not None:
        physical: dict[str, Any] = {"artifactLocation": _artifact(place.path, root)}
        if place.line is not None and not place.path.endswith(".ipynb"):
            region = {
                "startLine": place.line,
                "startColumn": place.column,
                "endLine": place.end_line,
                "endColumn": place.end_column,
            }
            physical["region"] = {key: value for key, value in region.items() if value is not None}
        location["physicalLocation"] = physical
    if place.module is not None:
        name = place.module or "the model"
        location["logicalLocations"] = [{"fullyQualifiedName": name, "kind": "module"}]
    return location


def _artifact(path: str, root: Path) -> dict[str, Any]:
    relative = PurePath(os.path.relpath(path, root)).as_posix()
    if relative.startswith("../"):
        return {"uri": Path(path).resolve().as_uri()}
    return {"uri": quote(relative), "uriBaseId": _ROOT}


def _fix(message: str, edits: Sequence[Edit], path: str, root: Path) -> dict[str, Any]:
    text = read(Path(path))
    replacements = [
        {
            "deletedRegion": _region(text, edit.start, edit.end),
            "insertedContent": {"text": edit.text},
        }
        for edit in edits
    ]
    change = {"artifactLocation": _artifact(path, root), "replacements": replacements}
    return {"description": {"text": message}, "artifactChanges": [change]}


def _region(text: str, start: int, end: int) -> dict[str, int]:
    """Offsets as lines and columns, which do not depend on how the file ends its lines."""
    (line, column), (end_line, end_column) = (_position(text, at) for at in (start, end))
    return {
        "startLine": line,
        "startColumn": column,
        "endLine": end_line,
        "endColumn": end_column,
    }


def _position(text: str, offset: int) -> tuple[int, int]:
    before = text[:offset]
    return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1
