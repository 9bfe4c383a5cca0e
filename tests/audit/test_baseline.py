"""Baselines: what was there before does not count, wherever it has moved."""

import json
from pathlib import Path

import pytest

from torchdrop.audit import (
    Finding,
    Findings,
    Place,
    audit_paths,
    fingerprints,
    format_baseline,
    read_baseline,
)
from torchdrop.errors import SettingError

HEAD = "import torch.nn.functional as F\n\n"
CALL = "noise = F.dropout(x, 0.5)\n"


def _project(folder: Path, text: str) -> Findings:
    (folder / "src").mkdir(exist_ok=True)
    (folder / "src" / "model.py").write_text(HEAD + text)
    return audit_paths([folder / "src"])


def _baseline(folder: Path, found: Findings) -> Path:
    path = folder / "baseline.json"
    path.write_text(format_baseline(found, path))
    return path


def test_what_the_baseline_knows_does_not_count(tmp_path: Path) -> None:
    found = _project(tmp_path, CALL)
    left = read_baseline(_baseline(tmp_path, found)).subtract(found)

    assert (len(found), len(left), left.suppressed, left.notes) == (1, 0, 1, ())


@pytest.mark.parametrize("moved", [f"\n\n# a comment\n{CALL}", f"if x:\n    {CALL}"])
def test_moved_and_indented_lines_are_known(moved: str, tmp_path: Path) -> None:
    baseline = read_baseline(_baseline(tmp_path, _project(tmp_path, CALL)))

    assert len(baseline.subtract(_project(tmp_path, moved))) == 0


def test_one_more_of_the_same_is_new(tmp_path: Path) -> None:
    baseline = read_baseline(_baseline(tmp_path, _project(tmp_path, CALL * 2)))
    left = baseline.subtract(_project(tmp_path, CALL * 3))

    assert [x.place.line for x in left] == [5]


def test_a_changed_line_is_new_and_the_old_one_told_as_gone(tmp_path: Path) -> None:
    baseline = read_baseline(_baseline(tmp_path, _project(tmp_path, CALL)))
    left = baseline.subtract(_project(tmp_path, "noise = F.dropout(x, 0.4)\n"))

    assert len(left) == 1
    assert left.notes == ("1 of the baseline's findings are gone; write it again.",)


def test_paths_start_from_the_folder_of_the_baseline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _baseline(tmp_path, _project(tmp_path, CALL))
    monkeypatch.chdir(tmp_path / "src")

    assert json.loads(path.read_text())["findings"][0]["path"] == "src/model.py"
    assert len(read_baseline(path).subtract(audit_paths(["model.py"]))) == 0


def test_a_finding_in_a_model_is_known_by_layer_and_message(tmp_path: Path) -> None:
    place = Place("model.py", 3, module="encoder.0")
    finding = Finding("DRP109", "rate", "error", place, "p is 1.", "Why.", layer="model")
    (mark,) = fingerprints([finding], tmp_path)

    assert (mark.path, mark.rule, mark.text, mark.occurrence) == (
        "encoder.0",
        "DRP109",
        "p is 1.",
        1,
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read as a baseline"),
        ("[]", "cannot be read as a baseline"),
        ('{"version": 1, "findings": [{"path": "x"}]}', "cannot be read as a baseline"),
        ('{"version": 2, "findings": []}', "is a baseline of version 2"),
    ],
)
def test_what_is_no_baseline_is_one_sentence(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(text)

    with pytest.raises(SettingError, match=message):
        read_baseline(tmp_path / "b.json")


def test_a_missing_baseline_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(SettingError, match="write one with --write-baseline"):
        read_baseline(tmp_path / "none.json")
