"""`torchdrop audit --fix` and `--diff`: what safe fixes make of the files."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from ..audit import AuditSettings, Finding, Findings, Mended, audit_text, encode, mend
from ..audit.source import read
from ..errors import SettingError


def mend_files(
    findings: Sequence[Finding], settings: AuditSettings, beside: Mapping[str, Path]
) -> dict[str, Mended]:
    """Try the safe fixes of findings; nothing is written.

    Args:
        findings: What shall be mended.
        settings: Which rules run.
        beside: All files of the audit, by their dotted names.

    Returns:
        What becomes of each file that has a safe fix.
    """
    by_path: defaultdict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        path = finding.place.path
        if finding.fix is not None and finding.fix.is_safe and path is not None:
            by_path[path].append(finding)
    return {
        path: mend(
            read(Path(path)),
            found,
            lambda text, path=path: audit_text(text, path, settings, beside=beside),  # type: ignore[misc]
        )
        for path, found in by_path.items()
    }


def write(files: Mapping[str, Mended], console: Console) -> None:
    """Write what has changed, in the encoding and with the line ends that it had."""
    tell_left(files, console)
    number = changed = 0
    for path, mended in files.items():
        if mended.after != mended.before:
            try:
                content = encode(Path(path).read_bytes(), mended.after)
            except SettingError as error:
                _tell(console, f"{path} is left: {error}")
                continue
            Path(path).write_bytes(content)
            number += len(mended.applied)
            changed += 1
    _tell(
        console,
        f"Findings mended: {number}, in {changed} of {len(files)} files that have a safe fix.",
    )


def tell_left(files: Mapping[str, Mended], console: Console) -> None:
    """Name the findings that a fix does not mend, and why."""
    for mended in files.values():
        for left in mended.left:
            _tell(console, f"{left.finding.place} {left.finding.rule} is left: {left.reason}.")


def after_writing(findings: Findings, files: Mapping[str, Mended]) -> Findings:
    """What is found now: in mended files what their last audit said."""
    written = {
        path: mended.findings
        for path, mended in files.items()
        if mended.after != mended.before and read(Path(path)) == mended.after
    }
    others = [x for x in findings if x.place.path not in written or x.layer != "source"]
    items = [*others, *(x for found in written.values() for x in found)]
    items.sort(key=lambda x: (x.place.path or "", x.place.line or 0, x.place.column or 0, x.rule))
    return replace(findings, items=tuple(items))


def differences(files: Mapping[str, Mended]) -> str:
    """What would change, as a unified diff that `patch -p0` takes."""
    return "".join(line for path, mended in files.items() for line in _diff(path, mended))


def _diff(path: str, mended: Mended) -> Iterator[str]:
    before, after = (x.splitlines(keepends=True) for x in (mended.before, mended.after))
    for line in difflib.unified_diff(before, after, path, path):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _tell(console: Console, sentence: str) -> None:
    console.print(sentence, markup=False, highlight=False)
