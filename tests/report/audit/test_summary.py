"""The last line of an audit."""

import pytest

from torchdrop.audit import Edit, Finding, Findings, Fix, Place, Severity
from torchdrop.report.audit import summarize


def _finding(severity: Severity, path: str, fix: Fix | None = None) -> Finding:
    return Finding("DRP101", "name", severity, Place(path, 1), "Message.", "Why.", fix)


def test_it_counts_by_severity_and_files() -> None:
    items = (*[_finding("error", "a.py")] * 3, _finding("warning", "b.py"))

    assert (
        summarize(Findings(items, files=41), 0.44)
        == "3 errors, 1 warning in 2 of 41 files (0.4 s)."
    )


@pytest.mark.parametrize(
    ("findings", "said"),
    [
        (Findings(files=1), "No findings in 1 file (0.0 s)."),
        (
            Findings((_finding("advice", "a.py"),), files=1),
            "1 piece of advice in 1 of 1 file (0.0 s).",
        ),
        (
            Findings((Finding("D", "n", "error", Place(module="0"), "M.", "W."),)),
            "1 error (0.0 s).",
        ),
        (Findings(files=2, suppressed=2), "No findings in 2 files (0.0 s). 2 findings silenced."),
        (
            Findings((_finding("error", "a.py", Fix("Do.", (Edit(0, 0, "x"),))),), files=2),
            "1 error in 1 of 2 files (0.0 s). 1 can be mended by --fix.",
        ),
        (
            Findings(files=1234, skipped=(("a.py", "Bad."),)),
            "No findings in 1,234 files (0.0 s). 1 file could not be read.",
        ),
    ],
)
def test_it_says_what_else_there_is(findings: Findings, said: str) -> None:
    assert summarize(findings, 0.0) == said
