"""The plugin of flake8, as flake8 runs it."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

SOURCE = """import torch.nn.functional as F


def noisy(é, x):
    return é + F.dropout(x, 0.5)
"""
CONFIG = "[flake8]\nselect = DRP\n"
LOCAL = "[flake8:local-plugins]\nextension = DRP = torchdrop.audit_flake8:Plugin\n"
IS_INSTALLED = "DRP" in entry_points(group="flake8.extension").names
SAID = "DRP101 `dropout` is called without `training=`, so it drops in evaluation too."


def _flake8(folder: Path, *words: str, code: int = 1, given: str | None = None) -> list[str]:
    """What flake8 says; an installation older than the entry point is told about the plugin."""
    (folder / "flake8.ini").write_text(CONFIG if IS_INSTALLED else CONFIG + LOCAL)
    done = subprocess.run(
        [sys.executable, "-m", "flake8", "--config", "flake8.ini", *words],
        cwd=folder,
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, "")
    return done.stdout.splitlines()


def test_a_finding_is_reported_at_its_character(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(SOURCE, encoding="utf-8")

    assert _flake8(tmp_path, "model.py") == [f"model.py:5:16: {SAID}"]


@pytest.mark.parametrize("comment", ["# noqa: DRP101", "# noqa", "# torchdrop: ignore[DRP101]"])
def test_comments_of_both_kinds_silence(comment: str, tmp_path: Path) -> None:
    text = SOURCE.replace("0.5)", f"0.5)  {comment}")
    (tmp_path / "model.py").write_text(text, encoding="utf-8")

    assert _flake8(tmp_path, "model.py", code=0) == []


def test_least_severity_is_an_option(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(SOURCE, encoding="utf-8")

    assert _flake8(tmp_path, "--torchdrop-severity", "error", "model.py", code=0) == []


@pytest.mark.parametrize(
    ("section", "code"), [('ignore = ["DRP1"]', 0), ('exclude = ["model.py"]', 0), ("", 1)]
)
def test_settings_of_the_project_hold(section: str, code: int, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text(f"[tool.torchdrop.audit]\n{section}\n")

    assert len(_flake8(tmp_path, "model.py", code=code)) == code


@pytest.mark.parametrize("text", [SOURCE.replace("\n", "\r\n"), "\ufeff" + SOURCE])
def test_line_ends_and_byte_order_marks_do_no_harm(text: str, tmp_path: Path) -> None:
    (tmp_path / "model.py").write_bytes(text.encode())

    assert _flake8(tmp_path, "model.py") == [f"model.py:5:16: {SAID}"]


def test_standard_input_is_audited(tmp_path: Path) -> None:
    source = SOURCE.replace("é", "e")

    assert _flake8(tmp_path, "-", given=source) == [f"stdin:5:16: {SAID}"]


def test_the_package_tells_flake8_and_pytest_about_its_plugins() -> None:
    content = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    points = content["project"]["entry-points"]

    assert points["flake8.extension"] == {"DRP": "torchdrop.audit_flake8:Plugin"}
    assert points["pytest11"] == {"torchdrop": "torchdrop.audit_pytest"}
