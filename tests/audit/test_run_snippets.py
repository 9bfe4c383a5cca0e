"""Mistakes that only a run shows, each by the smallest whole program."""

from __future__ import annotations

import contextlib
import io
import runpy
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch

from torchdrop.audit import rule, watch

SNIPPETS = Path(__file__).parent / "snippets"
FOUND = {
    "C01": "DRP201",
    "C02": "DRP209",
    "C03": "DRP402",
    "C04": "DRP406",
    "C05": "DRP208",
    "C06": "DRP403",
    "C08": "DRP404",
    "C09": "DRP405",
    "C10": "DRP215",
    "C11": "DRP213",
    "C12": "DRP214",
    "C13": "DRP407",
    "C14": "DRP408",
    "C15": "DRP409",
    "C16": "DRP302",
    "C17": "DRP410",
}
RANKS = "C07"


def test_every_snippet_of_a_run_is_listed() -> None:
    first = {path.stem: path.read_text().splitlines()[0] for path in SNIPPETS.glob("C*.py")}

    assert sorted([*FOUND, RANKS]) == sorted(first)
    assert set(first.values()) == {"# layer: run"}


@pytest.mark.parametrize("name", FOUND)
def test_a_mistake_in_a_run_is_found_and_nothing_else(name: str) -> None:
    """Snippets that ask for a check ask a watch of their own, and keep what it found."""
    with (
        warnings.catch_warnings(),
        torch.random.fork_rng(devices=[]),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        with watch(on_find="collect") as watching:
            left = runpy.run_path(str(SNIPPETS / f"{name}.py"), run_name="__main__")

    found = [*watching.findings, *left.get("FINDINGS", ())]
    assert [finding.rule for finding in found] == [FOUND[name]]
    known = rule(FOUND[name])
    assert known is not None
    assert found[0].name == known.name
    assert found[0].layer == "run"


@pytest.mark.slow
def test_two_real_ranks_of_one_seed_are_found() -> None:
    done = subprocess.run(
        [sys.executable, str(SNIPPETS / f"{RANKS}.py")],
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )

    assert sorted(done.stdout.split("\n")) == ["", "rank 0: DRP210", "rank 1: DRP210"]
