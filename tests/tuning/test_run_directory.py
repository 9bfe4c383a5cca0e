import dataclasses
import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from torchdrop import networks
from torchdrop.data import Dataset, Part
from torchdrop.errors import RunDirectoryError
from torchdrop.training import Snapshot, TrainingSettings
from torchdrop.tuning import Progress, TuningResult, load_result, tune
from torchdrop.tuning import _unit as engine
from torchdrop.tuning._alone import train_member
from torchdrop.tuning._checkpoint import Checkpoint, write_checkpoint
from torchdrop.tuning._fingerprint import fingerprint
from torchdrop.tuning._run_directory import RunDirectory
from torchdrop.tuning._writing import write_bytes

RECIPE = networks.MLP((2, 16, 3))
QUICK: dict[str, Any] = {"p": [0.5], "seeds": 3, "epochs": 2, "engine": "loop"}


class _Stop(Exception):
    pass


def _interrupted(data: Dataset, out: Path, *, after_epochs: int) -> None:
    """Run a sweep that dies in the middle of a member, as a killed process would."""
    seen: list[Progress] = []

    def on_progress(progress: Progress) -> None:
        seen.append(progress)
        if len(seen) == after_epochs:
            raise _Stop

    with pytest.raises(_Stop):
        tune(RECIPE, data, **QUICK, out=out, on_progress=on_progress)


def _without_seconds(result: TuningResult) -> str:
    text = json.dumps([m.to_dict() for m in result.members])
    epochs = [
        (e.number, e.training_loss, e.noisy_training_loss, e.validation_loss)
        for m in result.members
        for e in m.history.epochs
    ]
    return f"{text} {epochs} {result.verdict}"


def test_a_finished_run_reads_back_equal(small_data: Dataset, tmp_path: Path) -> None:
    result = tune(RECIPE, small_data, **QUICK, out=tmp_path / "run")
    again = load_result(tmp_path / "run")

    assert again == result
    assert again.verdict == result.verdict
    assert again.summaries == result.summaries


def test_a_run_leaves_these_files_and_no_others(small_data: Dataset, tmp_path: Path) -> None:
    tune(RECIPE, small_data, **QUICK, out=tmp_path)
    names = sorted(path.name for path in tmp_path.iterdir())

    assert names == ["model.safetensors", "records.jsonl", "result.json", "settings.json"]


def test_records_hold_one_line_per_member_and_epoch(small_data: Dataset, tmp_path: Path) -> None:
    tune(RECIPE, small_data, **QUICK, out=tmp_path)
    lines = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]

    assert len(lines) == 2 * 3 * 2
    assert {(line["p"], line["seed"], line["number"]) for line in lines} == {
        (p, seed, epoch) for p in (0.0, 0.5) for seed in range(3) for epoch in (1, 2)
    }


def test_the_model_kept_is_the_chosen_members(small_data: Dataset, tmp_path: Path) -> None:
    result = tune(RECIPE, small_data, **QUICK, out=tmp_path)
    chosen = result.chosen
    settings = TrainingSettings(epochs=2)
    _, model = train_member(RECIPE, small_data, settings, chosen.p, chosen.seed)
    kept = load_file(tmp_path / "model.safetensors")

    for name, value in model.state_dict().items():
        assert torch.equal(kept[name], value)


@pytest.mark.parametrize("after_epochs", [1, 3, 4, 8])
def test_an_interrupted_run_is_resumed_to_the_same_result(
    small_data: Dataset, tmp_path: Path, after_epochs: int
) -> None:
    whole = tune(RECIPE, small_data, **QUICK)
    _interrupted(small_data, tmp_path, after_epochs=after_epochs)
    resumed = tune(RECIPE, small_data, **QUICK, out=tmp_path, existing="resume")

    assert _without_seconds(resumed) == _without_seconds(whole)
    assert load_result(tmp_path) == resumed


def test_finished_members_are_not_trained_again(
    small_data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _interrupted(small_data, tmp_path, after_epochs=8)  # two members, and an epoch of the third
    trained: list[tuple[float, int]] = []
    original = train_member

    def spy(*args: Any, **kwargs: Any) -> Any:
        trained.append((args[3], args[4]))
        return original(*args, **kwargs)

    monkeypatch.setattr(engine, "train_member", spy)
    tune(RECIPE, small_data, **QUICK, out=tmp_path, existing="resume")

    assert trained == [(0.0, 1), (0.5, 1), (0.0, 2), (0.5, 2)]


def test_a_torn_last_line_is_dropped_on_resume(small_data: Dataset, tmp_path: Path) -> None:
    _interrupted(small_data, tmp_path, after_epochs=8)
    with (tmp_path / "records.jsonl").open("a") as file:
        file.write('{"p": 0.5, "se')
    resumed = tune(RECIPE, small_data, **QUICK, out=tmp_path, existing="resume")

    assert len(resumed.members) == 6


def test_the_records_of_a_finished_run_are_in_order(small_data: Dataset, tmp_path: Path) -> None:
    _interrupted(small_data, tmp_path, after_epochs=8)
    tune(RECIPE, small_data, **QUICK, out=tmp_path, existing="resume")
    lines = [json.loads(line) for line in (tmp_path / "records.jsonl").read_text().splitlines()]
    keys = [(line["p"], line["seed"], line["number"]) for line in lines]

    assert keys == sorted(keys)
    assert len(keys) == 12


@pytest.mark.parametrize("name", ["p0-seed0.json", "p0-seed0.safetensors"])
@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "gone"])
def test_a_damaged_member_is_reported_and_left_to_be_trained_again(
    tmp_path: Path, make_member: Any, name: str, damage: str
) -> None:
    if (name, damage) == ("p0-seed0.json", "gone"):
        pytest.skip("a member without a record was never finished")
    members = [make_member(0.0, 0, [0.5, 0.4]), make_member(0.5, 0, [0.6, 0.3])]
    with RunDirectory(tmp_path, {"p": 1}, "refuse") as directory:
        for member in members:
            directory.record_member(member, {"w": torch.arange(9.0)})
    file = tmp_path / "members" / name
    content = bytearray(file.read_bytes())
    content[-12] ^= 2  # in the checksum, or in the values
    damaged = {"cut": content[:40], "flip": content, "empty": b"", "gone": None}[damage]
    file.unlink() if damaged is None else file.write_bytes(damaged)

    with RunDirectory(tmp_path, {"p": 1}, "resume") as directory:
        assert list(directory.finished.values()) == members[1:]
        (note,) = directory.notes
        assert note.startswith(f"{tmp_path / 'members' / 'p0-seed0.json'} is damaged (it")
        assert note.endswith("that network is trained again.")
        left = sorted(file.name for file in (tmp_path / "members").iterdir())
        assert left == ["p0.5-seed0.json", "p0.5-seed0.safetensors"]


def test_a_member_swapped_for_another_is_noticed(tmp_path: Path, make_member: Any) -> None:
    with RunDirectory(tmp_path, {}, "refuse") as directory:
        directory.record_member(make_member(0.5, 0, [0.6]), {"w": torch.ones(3)})
    for file in list((tmp_path / "members").iterdir()):
        file.rename(file.with_name(file.name.replace("seed0", "seed1")))

    with RunDirectory(tmp_path, {}, "resume") as directory:
        assert directory.finished == {}
        assert "it is the record of p0.5-seed0" in directory.notes[0]


def test_members_are_taken_up_as_they_were(tmp_path: Path, make_member: Any) -> None:
    member = make_member(0.1, 3, [0.1 + 0.2, float("nan"), 1e-17])
    with RunDirectory(tmp_path, {}, "refuse") as directory:
        directory.record_member(member, {"w": torch.ones(3)})
    with RunDirectory(tmp_path, {}, "resume") as directory:
        assert repr(directory.finished) == repr({(0.1, 3): member})
        assert directory.notes == []


def test_records_that_lost_epochs_are_refused(small_data: Dataset, tmp_path: Path) -> None:
    tune(RECIPE, small_data, **QUICK, out=tmp_path)
    records = tmp_path / "records.jsonl"
    lines = records.read_text().splitlines(keepends=True)
    records.write_text("".join(lines[2:]))
    with pytest.raises(RunDirectoryError, match="has lost the epochs of p=0, seed 0"):
        load_result(tmp_path)
    records.write_text("".join([*lines[:3], "{torn\n", *lines[3:]]))
    with pytest.raises(RunDirectoryError, match="is damaged in line 4"):
        load_result(tmp_path)


def test_the_result_holds_no_wall_time(small_data: Dataset, tmp_path: Path) -> None:
    result = tune(RECIPE, small_data, **QUICK, out=tmp_path)

    assert "seconds" not in (tmp_path / "result.json").read_text()
    assert all(summary.seconds > 0 for summary in result.summaries)


def test_a_changed_setting_is_refused_with_the_difference(
    small_data: Dataset, tmp_path: Path
) -> None:
    _interrupted(small_data, tmp_path, after_epochs=4)
    changed: dict[str, Any] = {**QUICK, "seeds": 4, "lr": 0.1}
    with pytest.raises(
        RunDirectoryError, match=r"seeds was 3, now 4; training.lr was 0.001, now 0.1\.$"
    ):
        tune(RECIPE, small_data, **changed, out=tmp_path, existing="resume")


def test_a_long_difference_is_cut_short(tmp_path: Path) -> None:
    RunDirectory(tmp_path, {f"s{i}": list(range(99)) for i in range(9)}, "refuse").close()
    with pytest.raises(RunDirectoryError, match="and 4 more") as caught:
        RunDirectory(tmp_path, {f"s{i}": None for i in range(9)}, "resume")

    assert len(str(caught.value)) < 600


def test_settings_that_were_edited_are_refused(tmp_path: Path) -> None:
    RunDirectory(tmp_path, {"seeds": 3}, "refuse").close()
    file = tmp_path / "settings.json"
    file.write_text(file.read_text().replace("3", "4", 1))
    with pytest.raises(RunDirectoryError, match=r"does not match its checksum.* --force"):
        RunDirectory(tmp_path, {"seeds": 4}, "resume")


def test_equal_data_has_an_equal_fingerprint_and_any_change_another(small_data: Dataset) -> None:
    x = small_data.test.x.clone()
    x[3, 1] += 1e-6
    others = [
        dataclasses.replace(small_data, test=Part(x, small_data.test.y)),
        dataclasses.replace(small_data, train=small_data.test, test=small_data.train),
        dataclasses.replace(small_data, classes=("a", "b", "c")),
    ]
    same = dataclasses.replace(
        small_data, name="other", test=Part(small_data.test.x.clone(), small_data.test.y)
    )

    assert fingerprint(same) == fingerprint(small_data)
    assert len({fingerprint(data) for data in (small_data, *others)}) == 4


def test_a_unit_cut_anew_gets_the_checkpoint_that_holds_its_cells(tmp_path: Path) -> None:
    cells = [(0.0, 0), (0.5, 0), (0.0, 1), (0.5, 1)]
    snapshot = Snapshot({"w": torch.ones(2)}, {"active": [1, 2, 3]})
    with RunDirectory(tmp_path, {}, "refuse") as directory:
        written = directory.checkpoint(cells)
        write_checkpoint(written, Checkpoint(tuple(cells), snapshot))

    with RunDirectory(tmp_path, {}, "resume") as directory:
        assert directory.checkpoint(cells[:1]) != written
        assert directory.checkpoint(cells[1:3]) == written
        assert directory.checkpoint(cells[3:]) != written  # one file, one unit


def test_a_checkpoint_goes_when_its_members_are_done(tmp_path: Path, make_member: Any) -> None:
    cells = [(0.0, 0), (0.5, 0)]
    with RunDirectory(tmp_path, {}, "refuse") as directory:
        file = directory.checkpoint(cells)
        write_checkpoint(file, Checkpoint(tuple(cells), Snapshot({}, {})))
        directory.record_member(make_member(0.0, 0, [0.5]), {"w": torch.ones(1)})
        assert file.exists()
        directory.record_member(make_member(0.5, 0, [0.5]), {"w": torch.ones(1)})
        assert not file.exists()


def test_a_damaged_checkpoint_is_reported_when_the_run_is_taken_up(tmp_path: Path) -> None:
    with RunDirectory(tmp_path, {}, "refuse") as directory:
        file = directory.checkpoint([(0.0, 0)])
        file.write_bytes(b"nothing like it")
    with RunDirectory(tmp_path, {}, "resume") as directory:
        assert not file.exists()
        assert "is damaged (it is no whole safetensors file)" in directory.notes[0]


@pytest.mark.parametrize("left", ["run.lock", "settings.json.123.part"])
@pytest.mark.parametrize("existing", ["refuse", "resume", "overwrite"])
def test_a_run_killed_before_its_settings_were_written_can_be_started(
    tmp_path: Path, left: str, existing: Any
) -> None:
    (tmp_path / left).write_text("")
    RunDirectory(tmp_path, {}, existing).close()

    assert (tmp_path / "settings.json").exists()


def test_what_a_killed_finish_left_is_removed(small_data: Dataset, tmp_path: Path) -> None:
    tune(RECIPE, small_data, **QUICK, out=tmp_path)
    (tmp_path / "members").mkdir()
    (tmp_path / "members" / "p0-seed0.json").write_text("{}")
    (tmp_path / "result.json.99.part").write_text("")
    with pytest.raises(RunDirectoryError, match="is finished"):
        tune(RECIPE, small_data, **QUICK, out=tmp_path, existing="resume")

    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["model.safetensors", "records.jsonl", "result.json", "settings.json"]


def test_a_failed_write_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "result.json"
    write_bytes(file, b"old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(
        RunDirectoryError, match=r"result\.json could not be written \(No space left on device\)"
    ):
        write_bytes(file, b"new")

    assert file.read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_a_run_is_not_overwritten_unasked(small_data: Dataset, tmp_path: Path) -> None:
    tune(RECIPE, small_data, **QUICK, out=tmp_path)
    with pytest.raises(RunDirectoryError, match=r"holds a run already; .* --resume.* --force"):
        tune(RECIPE, small_data, **QUICK, out=tmp_path)


def test_overwriting_removes_the_old_run_and_nothing_else(
    small_data: Dataset, tmp_path: Path
) -> None:
    tune(RECIPE, small_data, **QUICK, out=tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    tune(RECIPE, small_data, **{**QUICK, "seeds": 2}, out=tmp_path, existing="overwrite")

    assert (tmp_path / "notes.txt").read_text() == "mine"
    assert len(load_result(tmp_path).members) == 4


@pytest.mark.parametrize("existing", ["refuse", "resume", "overwrite"])
def test_a_directory_of_something_else_is_never_touched(
    small_data: Dataset, tmp_path: Path, existing: Any
) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(RunDirectoryError, match="not a torchdrop run"):
        tune(RECIPE, small_data, **QUICK, out=tmp_path, existing=existing)

    assert [path.name for path in tmp_path.iterdir()] == ["thesis.tex"]


def test_a_file_in_the_place_of_the_directory_is_refused(
    small_data: Dataset, tmp_path: Path
) -> None:
    (tmp_path / "run").write_text("")
    with pytest.raises(RunDirectoryError, match="is a file; name a directory"):
        tune(RECIPE, small_data, **QUICK, out=tmp_path / "run")


def test_a_finished_run_is_not_resumed(small_data: Dataset, tmp_path: Path) -> None:
    tune(RECIPE, small_data, **QUICK, out=tmp_path)
    with pytest.raises(RunDirectoryError, match="is finished; see its result"):
        tune(RECIPE, small_data, **QUICK, out=tmp_path, existing="resume")


def test_bad_input_leaves_no_directory(small_data: Dataset, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one p above 0"):
        tune(RECIPE, small_data, p=[0.0], out=tmp_path / "run")

    assert not (tmp_path / "run").exists()


def test_a_diverged_run_is_kept_as_strict_json(small_data: Dataset, tmp_path: Path) -> None:
    bad: dict[str, Any] = {**QUICK, "optimizer": "sgd", "lr": 1e30}
    result = tune(RECIPE, small_data, **bad, out=tmp_path)

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not JSON")

    json.loads((tmp_path / "result.json").read_text(), parse_constant=refuse)
    for line in (tmp_path / "records.jsonl").read_text().splitlines():
        json.loads(line, parse_constant=refuse)
    assert load_result(tmp_path).verdict == result.verdict


def test_loading_what_is_no_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="holds no result"):
        load_result(tmp_path / "nothing")


def test_loading_an_unfinished_run_says_how_to_go_on(small_data: Dataset, tmp_path: Path) -> None:
    _interrupted(small_data, tmp_path, after_epochs=4)
    with pytest.raises(RunDirectoryError, match="not finished; go on with --resume"):
        load_result(tmp_path)
