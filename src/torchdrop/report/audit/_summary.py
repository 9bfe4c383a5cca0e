"""The last line of an audit: how much was found, and in how much."""

from __future__ import annotations

from ...audit import SEVERITIES, Findings, Severity

_ONE: dict[Severity, str] = {"error": "error", "warning": "warning", "advice": "piece of advice"}
_MANY: dict[Severity, str] = {
    "error": "errors",
    "warning": "warnings",
    "advice": "pieces of advice",
}


def summarize(findings: Findings, seconds: float) -> str:
    """Say in a line what an audit came to.

    Args:
        findings: Of the audit.
        seconds: What it took.

    Returns:
        Such as `3 errors, 1 warning in 2 of 41 files (0.4 s).`

    Example:
        >>> summarize(Findings(files=41), 0.41)
        'No findings in 41 files (0.4 s).'
    """
    counts = [(severity, len(findings.of(severity))) for severity in SEVERITIES]
    found = ", ".join(_count(number, severity) for severity, number in counts if number)
    paths = {x.place.path for x in findings if x.layer == "source"}
    files = _plural(findings.files, "file")
    where = f" in {len(paths)} of {files}" if found else f" in {files}"
    parts = [f"{found or 'No findings'}{where if findings.files else ''} ({seconds:.1f} s)."]
    if fixable := sum(1 for x in findings if x.fix is not None and x.fix.is_safe):
        parts.append(f"{fixable} can be mended by --fix.")
    if findings.suppressed:
        parts.append(f"{_plural(findings.suppressed, 'finding')} silenced.")
    if findings.skipped:
        parts.append(f"{_plural(len(findings.skipped), 'file')} could not be read.")
    return " ".join(parts)


def _count(number: int, severity: Severity) -> str:
    return f"{number} {_ONE[severity] if number == 1 else _MANY[severity]}"


def _plural(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
