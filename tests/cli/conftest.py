import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from torchdrop.cli import main

from .audited import ADVICE, ERROR, WARNING


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


Run = Callable[..., Outcome]

QUICK = ("--p", "0.3", "--seeds", "2", "--epochs", "2", "--hidden", "8")


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command line in an empty folder, as a shell would."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])

    def run(*words: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["torchdrop", *words])
        capsys.readouterr()
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0
        return Outcome(code, *capsys.readouterr())

    return run


@pytest.fixture
def table(tmp_path: Path) -> Path:
    """A table with a number, a category with gaps, a label and a price."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"size": generator.normal(50, 10, 120), "kind": [*"ab"] * 60})
    frame["label"] = np.where(frame["size"] > 50, "big", "small")
    frame["price"] = 1000 * frame["size"] + 0.5
    frame.loc[3, "size"] = np.nan
    frame.to_csv(tmp_path / "table.csv", index=False)
    return tmp_path / "table.csv"


@pytest.fixture
def project(run: Run, tmp_path: Path) -> Path:
    """An error, a warning and advice of rules that look at single calls, in the current folder."""
    for name, text in (("error", ERROR), ("warning", WARNING), ("advice", ADVICE)):
        (tmp_path / f"{name}.py").write_text(text)
    (tmp_path / "pyproject.toml").write_text(
        '[tool.torchdrop.audit]\nselect = ["DRP101", "DRP103"]'
    )
    return tmp_path
