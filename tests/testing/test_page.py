"""The page says what the command prints, and knows every check."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

from torchdrop.testing import CHECKS

PAGE = (Path(__file__).parents[2] / "docs" / "testing.md").read_text(encoding="utf-8")


def _blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_command_prints_what_the_page_shows() -> None:
    """Words must agree; masks, and so figures, are torch's and differ between processors."""
    command = shlex.split(_blocks("")[0])
    printed = subprocess.run(
        [sys.executable, *command[1:]], capture_output=True, text=True, check=True
    ).stdout

    assert _words(printed) == _words(_blocks("text")[0])


def test_the_examples_run() -> None:
    exec("\n".join(_blocks("python")), {})


def test_the_table_names_every_check() -> None:
    table = PAGE.split("## What is checked")[1]

    assert all(name.split(" in ")[0] in table for name in CHECKS)


def _words(report: str) -> list[str]:
    return re.sub(r"-?\d+(\.\d+)?(e-?\d+)?", "#", report).split()
