import contextlib
import io
import re
from pathlib import Path
from typing import Any

import torch

PAGE = Path(__file__).parents[2] / "docs" / "surgery.md"


def test_the_page_prints_what_it_shows() -> None:
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```\n\n```text\n(.*?)```", text, re.DOTALL)
    names: dict[str, Any] = {}

    assert len(blocks) == text.count("```python") == text.count("```text")
    for code, shown in blocks:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), torch.random.fork_rng():
            exec(compile(code, "model.py", "exec"), names)
        assert printed.getvalue() == shown
