"""What `docs/guard.md` says, held against the code."""

from __future__ import annotations

import contextlib
import io
import re
import warnings
from pathlib import Path
from typing import get_args

import torch

from torchdrop.modes._guard_finding import Cause

PAGE = (Path(__file__).parents[2] / "docs" / "guard.md").read_text()


def test_the_pages_example_prints_what_the_page_says() -> None:
    code = PAGE.split("```python\n")[1].split("```")[0]
    said = PAGE.split("```text\n")[1].split("```")[0]
    printed = io.StringIO()
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        with torch.random.fork_rng(devices=[]):
            exec(compile(code, "train.py", "exec"), {"__name__": "__main__"})

    (warning,) = caught
    line = code.splitlines()[warning.lineno - 1].strip()
    warned = f"{warning.filename}:{warning.lineno}: ModeWarning: {warning.message} {line}"
    assert [*warned.split(), *printed.getvalue().split()] == said.split()


def test_the_page_has_a_row_for_each_cause() -> None:
    assert sorted(re.findall(r"^\| `([a-z-]+)`", PAGE, re.MULTILINE)) == sorted(get_args(Cause))
