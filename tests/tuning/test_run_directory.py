import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from torchdrop import networks
from torchdrop.data import Dataset
from torchdrop.errors import RunDirectoryError
from torchdrop.training import TrainingSettings
from torchdrop.tuning import Progress, TuningResult, load_result, tune
from torchdrop.tuning import _unit as engine
from torchdrop.tuning._alone import train_member

RECIPE = networks.MLP((2, 16, 3))
QUICK: dict[str, Any] = {"p": [0.5], "seeds": 3, "epochs": 2}


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


def test_a_changed_setting_is_refused_with_the_difference(
    small_data: Dataset, tmp_path: Path
) -> None:
    _interrupted(small_data, tmp_path, after_epochs=4)
    with pytest.raises(RunDirectoryError, match="seeds was 3, now 4"):
        tune(RECIPE, small_data, **{**QUICK, "seeds": 4}, out=tmp_path, existing="resume")


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
