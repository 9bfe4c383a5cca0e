"""Annotations of GitHub workflows."""

from pathlib import Path

import pytest

from torchdrop.audit import Finding, Findings, Fix, Place
from torchdrop.report.audit import render_annotations

from .findings import find, write_project


def test_each_finding_is_a_command_on_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_project(tmp_path)
    monkeypatch.chdir(tmp_path)
    first, second = render_annotations(find(tmp_path), Path()).splitlines()

    assert first.startswith(
        "::error file=a b/modèle.py,line=7,endLine=7,col=13,endColumn=30,"
        "title=DRP101 functional-dropout-always-on::`dropout` is called"
    )
    assert second.startswith("::warning file=a b/modèle.py,line=12,endLine=15,title=")


def test_what_would_end_a_field_or_the_line_is_escaped() -> None:
    place = Place("a,b:c%.py", 1)
    finding = Finding(
        "DRP401", "name", "advice", place, "First\nsecond, 5 %: x", "Why.", Fix("Do.")
    )

    assert render_annotations(Findings((finding,)), Path()) == (
        "::notice file=a%2Cb%3Ac%25.py,line=1,endLine=1,title=DRP401 name::"
        "First%0Asecond, 5 %25: x Do.\n"
    )


def test_a_model_has_no_file() -> None:
    finding = Finding("DRP109", "rate", "error", Place(module="0.drop"), "p is 1.", "Why.")

    assert (
        render_annotations(Findings((finding,)), Path())
        == "::error title=DRP109 rate::0.drop: p is 1.\n"
    )


def test_no_finding_is_no_line() -> None:
    assert render_annotations(Findings(), Path()) == ""
