"""A baseline: findings that were there before, so that only new ones count."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path, PurePath

from ..errors import SettingError
from ._finding import Finding, Findings
from .source import read

_VERSION = 1

Line = Callable[[str, int], str]
"""Gives a line of a file, from 1."""


@dataclass(frozen=True, slots=True, order=True)
class Fingerprint:
    """What a finding is known by when the lines around it have moved.

    Attributes:
        path: Of the file, from the folder of the baseline, with `/`; for a model the layer.
        rule: Its id.
        text: The line without its indentation; for a model the message.
        occurrence: Which of the findings that are alike otherwise, from 1.
    """

    path: str
    rule: str
    text: str
    occurrence: int


def fingerprints(
    findings: Iterable[Finding], root: Path, line: Line | None = None
) -> tuple[Fingerprint, ...]:
    """Say what each finding is known by.

    Args:
        findings: In the order of their places.
        root: Folder that paths start from.
        line: Gives lines; `None` reads the files.

    Returns:
        One for each finding, all different.
    """
    line = line or _reader()
    seen: Counter[tuple[str, str, str]] = Counter()
    result = []
    for finding in findings:
        key = (_path(finding, root), finding.rule, _text(finding, line))
        seen[key] += 1
        result.append(Fingerprint(*key, seen[key]))
    return tuple(result)


@dataclass(frozen=True, slots=True)
class Baseline:
    """Fingerprints on disk.

    Attributes:
        known: Of findings that do not count.
        root: Folder that their paths start from.
    """

    known: frozenset[Fingerprint]
    root: Path

    def subtract(self, findings: Findings) -> Findings:
        """Leave out what is known; the others keep their order."""
        marks = fingerprints(findings, self.root)
        new = [x for x, mark in zip(findings, marks, strict=True) if mark not in self.known]
        gone = len(self.known - set(marks))
        notes = (f"{gone} of the baseline's findings are gone; write it again.",) if gone else ()
        return replace(
            findings,
            items=tuple(new),
            suppressed=findings.suppressed + len(findings) - len(new),
            notes=findings.notes + notes,
        )


def read_baseline(path: Path) -> Baseline:
    """Read a file that `write_baseline` wrote.

    Args:
        path: The file.

    Returns:
        The baseline.

    Raises:
        SettingError: If it is missing, or no baseline.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != _VERSION:
            raise SettingError(
                f"{path} is a baseline of version {content['version']}; this torchdrop knows "
                f"{_VERSION}. Write it again with --write-baseline."
            )
        known = frozenset(Fingerprint(**entry) for entry in content["findings"])
    except (OSError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, SettingError):
            raise
        raise SettingError(
            f"{path} cannot be read as a baseline: {error!r}; write one with --write-baseline."
        ) from error
    return Baseline(known, path.resolve().parent)


def format_baseline(findings: Sequence[Finding], path: Path) -> str:
    """Write findings as a baseline.

    Args:
        findings: What shall not count from now on.
        path: Of the file that will hold it: paths start from its folder.

    Returns:
        JSON, sorted, one finding on a line, so that version control shows what changed.
    """
    marks = sorted(fingerprints(findings, path.resolve().parent))
    lines = ",\n  ".join(json.dumps(asdict(mark)) for mark in marks)
    return f'{{"version": {_VERSION}, "findings": [\n  {lines}\n]}}\n'


def _path(finding: Finding, root: Path) -> str:
    place = finding.place
    if place.path is None or finding.layer != "source":
        return place.module or ""
    return PurePath(os.path.relpath(place.path, root)).as_posix()


def _text(finding: Finding, line: Line) -> str:
    place = finding.place
    if place.path is None or place.line is None or finding.layer != "source":
        return finding.message
    return line(place.path, place.line).strip()


def _reader() -> Line:
    """Read each file once; a line that is gone since the audit is empty."""

    @cache
    def lines(path: str) -> list[str]:
        return read(Path(path)).split("\n")

    return lambda path, number: "".join(lines(path)[number - 1 : number])
