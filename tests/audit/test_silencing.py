"""Comments and settings that silence findings, and what they leave."""

from pathlib import Path

import pytest

from torchdrop.audit import AuditSettings, audit_paths, audit_text, read_settings
from torchdrop.errors import SettingError

HEAD = "import torch.nn.functional as F\n\n"
CALL = "noise = F.dropout(x, 0.5)"


@pytest.mark.parametrize(
    "comment",
    [
        "# torchdrop: ignore",
        "# torchdrop: ignore[DRP101] wanted: Monte Carlo",
        "# torchdrop:ignore[drp101, DRP102]",
        "# noqa: DRP101",
        "# noqa: E501, DRP101 - wanted",
        "# type: ignore  # NOQA:E501 DRP101",
    ],
)
def test_a_comment_on_the_line_silences(comment: str) -> None:
    assert not audit_text(f"{HEAD}{CALL}  {comment}\n")


@pytest.mark.parametrize(
    "comment",
    ["# torchdrop: ignore[DRP102]", "# noqa", "# noqa: E501", "# DRP101", "# noqa: DRP1011"],
)
def test_other_comments_do_not(comment: str) -> None:
    assert len(audit_text(f"{HEAD}{CALL}  {comment}\n")) == 1


def test_a_comment_on_any_line_of_a_call_silences_it() -> None:
    assert not audit_text(HEAD + "noise = F.dropout(\n    x,\n    0.5,  # torchdrop: ignore\n)\n")


@pytest.mark.parametrize(
    ("comment", "left"), [("ignore-file", 0), ("ignore-file[DRP101]", 0), ("ignore-file[DRP2]", 2)]
)
def test_a_comment_for_the_file_silences_all_of_it(comment: str, left: int) -> None:
    assert len(audit_text(f"# torchdrop: {comment}\n{HEAD}{CALL}\n{CALL}\n")) == left


def test_silenced_findings_are_counted(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(f"{HEAD}{CALL}  # torchdrop: ignore\n{CALL}\n")
    found = audit_paths([tmp_path])

    assert (len(found), found.suppressed) == (1, 1)


def _project(folder: Path, section: str) -> AuditSettings:
    for name in ("src/model.py", "tests/model.py", "tests/deep/model.py"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(f"{HEAD}{CALL}\n")
    (folder / "pyproject.toml").write_text(f"[tool.torchdrop.audit]\n{section}\n")
    return read_settings(folder / "pyproject.toml")


@pytest.mark.parametrize("pattern", ["tests", "tests/", "tests/*", "*/deep/*"])
def test_patterns_start_from_the_folder_of_the_settings(
    pattern: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = _project(tmp_path, f'exclude = ["{pattern}"]')
    monkeypatch.chdir(tmp_path / "tests")
    left = ["src/model.py", "tests/model.py"][: 2 if "deep" in pattern else 1]
    found = [Path(x.place.path or "") for x in audit_paths([tmp_path], settings)]

    assert [x.relative_to(tmp_path).as_posix() for x in found] == left
    assert len(audit_paths(["deep"], settings)) == 0


def test_rules_are_ignored_where_a_pattern_says_so(tmp_path: Path) -> None:
    settings = _project(tmp_path, '[tool.torchdrop.audit.per-path]\n"tests/*" = ["DRP1"]')

    assert [Path(x.place.path or "").parent.name for x in audit_paths([tmp_path], settings)] == [
        "src"
    ]


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("per-path = 3", "per-path in .* is a table of patterns"),
        ('per-path = {"tests/*" = "DRP1"}', "per-path tests/\\* in .* is a list"),
        ("per-file = {}", "knows select, ignore, severity, exclude, per-path; got 'per-file'"),
    ],
)
def test_bad_settings_are_one_sentence(section: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(SettingError, match=message):
        _project(tmp_path, section)
