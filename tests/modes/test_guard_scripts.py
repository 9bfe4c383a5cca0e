"""Whole training scripts, run as they are: each broken one is caught once, each clean one never."""

from __future__ import annotations

import runpy
import warnings
from pathlib import Path

import pytest
import torch

from torchdrop.modes import ModeWarning

SCRIPTS = Path(__file__).parent / "guard_scripts"
CLEAN = sorted(path.stem for path in SCRIPTS.glob("clean_*.py"))
BROKEN = {
    "broken_validation": ("Validation in training mode", "in 2."),
    "broken_validation_one_batch": ("Validation in training mode", "in 2."),
    "broken_training": ("Training in evaluation mode", "asleep in 2."),
    "broken_fine_tuning": ("Training in evaluation mode", "asleep in encoder.2."),
    "broken_never_on": ("Dropout was never on in 3 training steps", "in 2."),
    "broken_never_called": ("never called in 2 training steps", "drop_path2."),
    "broken_mode_change": ("The mode changed inside an epoch", "encoder.2."),
    "broken_unfrozen": ("The mode changed inside an epoch", "backbone.2."),
    "broken_inference_mode": ("in a forward that cannot train", ": 2."),
    "broken_functional": ("in a forward that cannot train", "the model itself."),
    "broken_nothing_seen": ("3 optimizer steps and no forward", "so nothing was watched."),
}


def _run(script: str) -> list[warnings.WarningMessage]:
    with warnings.catch_warnings(record=True) as caught, torch.random.fork_rng(devices=[]):
        warnings.simplefilter("always")
        runpy.run_path(str(SCRIPTS / f"{script}.py"), run_name="__main__")
    return caught


def test_every_broken_script_is_listed() -> None:
    assert sorted(BROKEN) == sorted(path.stem for path in SCRIPTS.glob("broken_*.py"))


@pytest.mark.parametrize("script", BROKEN)
def test_a_broken_script_gets_one_warning_that_names_the_modules(script: str) -> None:
    caught = _run(script)
    assert [warning.category for warning in caught] == [ModeWarning]
    for words in BROKEN[script]:
        assert words in str(caught[0].message)


@pytest.mark.parametrize("script", BROKEN)
def test_the_warning_points_into_the_users_script(script: str) -> None:
    (warning,) = _run(script)
    path = SCRIPTS / f"{script}.py"
    assert Path(warning.filename) == path
    line = path.read_text().splitlines()[warning.lineno - 1]
    assert "model(x)" in line or "optimizer.step()" in line or "with Guard(" in line


@pytest.mark.parametrize("script", CLEAN)
def test_a_clean_script_gets_no_warning(script: str) -> None:
    assert [str(warning.message) for warning in _run(script)] == []


def test_there_are_ten_clean_scripts_and_more() -> None:
    assert len(CLEAN) >= 10
