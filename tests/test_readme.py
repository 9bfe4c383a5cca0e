"""The README's example runs, and prints what the README says it prints."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def _block(language: str) -> str:
    match = re.search(rf"```{language}\n(.*?)```", README, re.DOTALL)
    assert match
    return match[1]


def test_the_example_prints_what_the_readme_shows() -> None:
    """Words must agree; figures may differ a little where sums are taken in another order."""
    printed = subprocess.run(
        [sys.executable, "-c", _block("python")], capture_output=True, text=True, check=True
    ).stdout
    number = r"\d+\.\d+"

    assert re.sub(number, "#", printed) == re.sub(number, "#", _block("text"))
    assert [float(x) for x in re.findall(number, printed)] == pytest.approx(
        [float(x) for x in re.findall(number, _block("text"))], abs=0.005
    )


def test_the_example_is_short() -> None:
    assert len(_block("python").splitlines()) <= 15


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))])
def test_links_lead_somewhere(page: Path) -> None:
    prose = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)\)", prose):
        assert target.startswith("https://") or (page.parent / target).exists(), target
