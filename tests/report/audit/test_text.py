"""Findings for a person."""

import json
from pathlib import Path

from rich.text import Text

from torchdrop.audit import Finding, Fix, Place, audit_paths
from torchdrop.report.audit import excerpt, render_finding, render_findings

from .findings import find, write_project


def _marked(lines: list[str], place: Place) -> tuple[str, str]:
    """The shown line, and what stands below it."""
    shown = excerpt(place, lines, "red").plain.splitlines()
    return shown[-2], shown[-1]


def test_the_line_stands_with_the_one_before_and_carets_below() -> None:
    text = excerpt(Place("m.py", 10, 5, 10, 9), ["first"] * 8 + ["before", "x = call()"], "red")

    assert text.plain.splitlines() == ["   |", " 9 | before", "10 | x = call()", "   |     ^^^^"]


def test_only_the_margin_is_dim() -> None:
    text = excerpt(Place("m.py", 1, 1, 1, 2), ["x = 1"], "red")
    dim = "".join(text.plain[x.start : x.end] for x in text.spans if x.style == "dim")

    assert text.style == ""
    assert dim == "  |\n1 |   | "


def test_an_empty_line_before_is_not_shown() -> None:
    assert "1" not in excerpt(Place("m.py", 2, 1, 2, 2), ["   ", "x"], "red").plain


def test_of_several_lines_the_first_is_marked_to_its_end() -> None:
    line, carets = _marked(["  call(  ", "    x)"], Place("m.py", 1, 3, 2, 7))

    assert (line, carets) == ("1 |   call(", "  |   ^^^^^ ...")


def test_carets_stand_below_wide_characters_and_tabs() -> None:
    assert _marked(["\t名 = f(x)"], Place("m.py", 1, 6, 1, 10))[1] == "  |          ^^^^"


def test_control_characters_do_not_reach_the_terminal() -> None:
    assert "\x1b" not in _marked(["x = '\x1b[2J'"], Place("m.py", 1, 1, 1, 2))[0]


def test_a_line_that_is_gone_is_not_shown() -> None:
    assert excerpt(Place("m.py", 7, 1, 7, 2), ["x"], "red") == Text()


def test_the_reason_of_a_rule_is_told_once(tmp_path: Path) -> None:
    write_project(tmp_path)
    first, second = (text.plain for text in render_findings(find(tmp_path)))

    assert "why: " in first
    assert "why: " not in second
    assert "7 |         x = F.dropout(x, 0.5)\n  |             ^^^^^^^^^^^^^^^^^\n" in first
    assert "fix: Pass `training=self.training`. (--fix does it)\n" in first
    assert "(--fix" not in second


def test_severity_and_carets_have_a_color_and_nothing_depends_on_it(tmp_path: Path) -> None:
    write_project(tmp_path)
    first, second = render_findings(find(tmp_path))

    assert {"bold red"} < {str(span.style) for span in first.spans}
    assert {"bold yellow"} < {str(span.style) for span in second.spans}
    assert first.plain.startswith("error DRP101 functional-dropout-always-on: ")


def test_a_finding_in_a_model_names_its_layer() -> None:
    finding = Finding(
        "DRP109", "rate", "error", Place(module="0.drop"), "p is 1.", "Why.", Fix("Do.")
    )

    assert render_finding(finding).plain.splitlines() == [
        "error DRP109 rate: p is 1.",
        "  --> (0.drop)",
        "  why: Why.",
        "  fix: Do.",
    ]


def test_a_place_in_a_notebook_is_a_cell_and_a_line(tmp_path: Path) -> None:
    code = ["import torch\n", "x = 1"], ["y = 2"], ["%time\n", "torch.dropout(x, 0.5)"]
    cells = [{"cell_type": "code", "source": source} for source in code]
    cells.insert(1, {"cell_type": "markdown", "source": ["# Title"]})
    path = tmp_path / "train.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    (finding,) = (x for x in audit_paths([path]) if x.rule == "DRP101")

    _, where, _, before, line, *_ = next(render_findings([finding])).plain.splitlines()

    assert where.endswith("train.ipynb cell 3, line 2")
    assert (before, line) == ("1 | pass  # %time", "2 | torch.dropout(x, 0.5)")
