"""Findings in the format that was asked for, to standard output or a file."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Literal, TypeAlias

from rich.console import Console

from ..audit import RULES, Findings, rule
from ..errors import SettingError
from ..report.audit import (
    render_annotations,
    render_findings,
    render_page,
    render_rules,
    summarize,
    to_sarif,
)
from ._console import WIDE, errors, results

Format: TypeAlias = Literal["text", "json", "sarif", "github"]


def show(findings: Findings, format_: Format, output: Path | None, seconds: float) -> None:
    """Write findings, and tell on standard error what is no finding.

    Args:
        findings: Of the audit.
        format_: How to write them; only a text on standard output ends with the summary.
        output: File to write to; `None` for standard output.
        seconds: What the audit took.
    """
    for _, reason in findings.skipped:
        errors.print(reason, markup=False, highlight=False)
    for note in findings.notes:
        errors.print(note, markup=False, highlight=False)
    summary = summarize(findings, seconds)
    if format_ == "text" and output is None:
        console = results()
        _print_text(findings, console)
        console.print(summary, markup=False, soft_wrap=True)
        return
    text = _in_format(findings, format_)
    if output is None:
        print(text, end="")  # noqa: T201
    else:
        save(text, output)
    errors.print(summary, markup=False, highlight=False)


def save(text: str, path: Path) -> None:
    """Write a text file, or say in a sentence why that cannot be."""
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise SettingError(f"{path} cannot be written: {error.strerror}.") from error


def show_rules() -> None:
    """Print all rules in a table."""
    results().print(render_rules(RULES))


def show_page(name: str) -> None:
    """Print the page of a rule."""
    found = rule(name)
    if found is None:
        raise SettingError(f"there is no rule {name!r}; --list-rules shows all.")
    results().print(render_page(found))


def _in_format(findings: Findings, format_: Format) -> str:
    if format_ == "json":
        return json.dumps(findings.to_dict(), indent=2) + "\n"
    if format_ == "sarif":
        return json.dumps(to_sarif(findings, RULES, Path.cwd()), indent=2) + "\n"
    if format_ == "github":
        return render_annotations(findings, Path.cwd())
    text = io.StringIO()
    _print_text(findings, Console(file=text, width=WIDE, highlight=False, color_system=None))
    return text.getvalue()


def _print_text(findings: Findings, console: Console) -> None:
    for text in render_findings(findings):
        console.print(text, soft_wrap=True)
