"""Whole programs under `watch()`, without a handle on their models."""

from __future__ import annotations

import contextlib
import io
import runpy
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch

import torchdrop.modes
from torchdrop.audit import Findings, watch

from .mutations import MUTATIONS

HERE = Path(__file__).parent
PROGRAMS = HERE.parent / "snippets" / "programs"
GUARDED = HERE.parents[1] / "modes" / "guard_scripts"
CLEAN = sorted(path.stem for path in PROGRAMS.glob("clean_*.py"))
GUARDED_CLEAN = sorted(path.stem for path in GUARDED.glob("clean_*.py"))
GUARDED_BROKEN = {
    "broken_validation": "DRP201",
    "broken_validation_one_batch": "DRP201",
    "broken_training": "DRP209",
    "broken_fine_tuning": "DRP209",
    "broken_never_on": "DRP302",
    "broken_never_called": "DRP302",
    "broken_mode_change": "DRP213",
    "broken_unfrozen": "DRP211",
    "broken_inference_mode": "DRP201",
    "broken_functional": "DRP101",
}
# What these two do is right for modes, and is another matter for masks and for intent.
MORE = {"clean_closure": {"DRP407"}, "clean_prenet": {"DRP401"}}


def _run(code: Any, **settings: Any) -> Findings:
    with (
        warnings.catch_warnings(),
        torch.random.fork_rng(devices=[]),
        contextlib.redirect_stdout(io.StringIO()),
    ):
        warnings.simplefilter("ignore")
        with watch(on_find="collect", **settings) as watching:
            if isinstance(code, Path):
                runpy.run_path(str(code), run_name="__main__")
            else:
                exec(code, {"__name__": "__main__"})
    return watching.findings


def _alarms(findings: Findings) -> list[str]:
    return [finding.rule for finding in findings if finding.severity != "advice"]


def test_there_are_programs_of_ten_makes_and_more() -> None:
    assert len(CLEAN) >= 10


@pytest.mark.parametrize("name", CLEAN)
def test_a_sound_program_raises_no_alarm(name: str) -> None:
    findings = _run(PROGRAMS / f"{name}.py")

    assert not findings, str(findings)


@pytest.mark.parametrize(("name", "right", "wrong", "rule"), MUTATIONS)
def test_a_mistake_put_into_a_sound_program_is_found_and_nothing_else(
    name: str, right: str, wrong: str, rule: str
) -> None:
    text = (PROGRAMS / f"{name}.py").read_text(encoding="utf-8")
    assert right in text

    findings = _run(compile(text.replace(right, wrong), f"{name}.py", "exec"))

    assert _alarms(findings) == [rule], str(findings)


@pytest.mark.parametrize("name", GUARDED_BROKEN)
def test_what_a_guard_finds_is_found_without_a_handle(name: str) -> None:
    findings = _run(GUARDED / f"{name}.py")

    assert [finding.rule for finding in findings] == [GUARDED_BROKEN[name]], str(findings)


@pytest.mark.parametrize("name", GUARDED_CLEAN)
def test_where_a_guard_is_silent_modes_are_right_without_a_handle_too(name: str) -> None:
    findings = _run(GUARDED / f"{name}.py")

    assert {finding.rule for finding in findings} == MORE.get(name, set()), str(findings)


@pytest.mark.parametrize("name", [*GUARDED_BROKEN, *GUARDED_CLEAN])
def test_with_a_handle_the_same_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[watch] = []

    def instead(model: torch.nn.Module, **settings: Any) -> watch:
        made.append(watch(model, on_find="collect", **settings))
        return made[-1]

    monkeypatch.setattr(torchdrop.modes, "Guard", instead)
    with torch.random.fork_rng(devices=[]):
        runpy.run_path(str(GUARDED / f"{name}.py"), run_name="__main__")

    wanted = {GUARDED_BROKEN[name]} if name in GUARDED_BROKEN else MORE.get(name, set())
    allowed = name == "clean_prenet"  # which names its prenet in allow=
    found = {finding.rule for one in made for finding in one.findings}
    assert found == (set() if allowed else wanted)
