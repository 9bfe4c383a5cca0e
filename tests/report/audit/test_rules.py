"""The table of rules, and a page, on a terminal."""

import io

import pytest
from rich.console import Console

from torchdrop.audit import RULES, Rule
from torchdrop.report.audit import render_page, render_rules


def _shown(what: object) -> str:
    console = Console(file=io.StringIO(), width=200)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_every_rule_has_a_row() -> None:
    lines = _shown(render_rules(RULES)).splitlines()[1:]

    assert [line.split()[0] for line in lines] == [x.id for x in RULES]
    assert all(x.name in line and x.severity in line for x, line in zip(RULES, lines, strict=True))


@pytest.mark.parametrize("one", RULES, ids=lambda one: one.id)
def test_a_page_names_its_rule_and_has_all_sections(one: Rule) -> None:
    text = _shown(render_page(one))

    assert f"{one.id} {one.name}" in text
    assert all(heading in text for heading in one.sections())
    assert "```" not in text
