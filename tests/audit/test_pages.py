"""The rules' pages under docs/rules are what the rules say."""

import subprocess
import sys
from pathlib import Path

import pytest

from torchdrop.audit import RULES
from torchdrop.audit.pages import pages

FOLDER = Path(__file__).parents[2] / "docs" / "rules"


@pytest.mark.parametrize("name", sorted(pages()))
def test_a_page_is_up_to_date(name: str) -> None:
    assert (FOLDER / name).exists(), "write it by `make rules`"
    assert (FOLDER / name).read_text(encoding="utf-8") == pages()[name], "run `make rules`"


def test_there_is_no_page_of_a_rule_that_is_gone() -> None:
    assert {path.name for path in FOLDER.glob("*.md")} == set(pages())


def test_the_index_links_every_page() -> None:
    for rule in RULES:
        assert f"| [{rule.id}]({rule.id}.md) | {rule.name} |" in pages()["index.md"]


def test_the_command_writes_them_and_removes_old_ones_only(tmp_path: Path) -> None:
    for name in ("DRP999.md", "mine.md"):
        (tmp_path / name).write_text("old")
    subprocess.run([sys.executable, "-m", "torchdrop.audit.pages", str(tmp_path)], check=True)

    assert {path.name for path in tmp_path.iterdir()} == {*pages(), "mine.md"}
