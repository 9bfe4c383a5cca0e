"""A unit half done: written at bounded intervals, checked when read, and gone on from exactly."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from torchdrop import networks
from torchdrop.data import Dataset
from torchdrop.errors import ModelError
from torchdrop.training import Epoch, Snapshot, TrainingSettings
from torchdrop.tuning import _checkpoint
from torchdrop.tuning._checkpoint import (
    Checkpoint,
    Keeper,
    file_name,
    read_checkpoint,
    write_checkpoint,
)
from torchdrop.tuning._unit import Cell, Engine, Job, Outcome, train_unit

CELLS = [(0.0, 0), (0.3, 0), (0.0, 1), (0.3, 1)]
ENGINES: list[Engine] = ["loop", "stacked"]


class _Stop(Exception):
    pass


class _Log:
    """What a unit reports; stops it after some epochs."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.left = stop_after
        self.epochs: list[tuple[Cell, Epoch]] = []
        self.outcomes: dict[Cell, Outcome] = {}

    def epoch(self, cell: Cell, epoch: Epoch) -> None:
        self.epochs.append((cell, epoch))
        if self.left is not None and len(self.epochs) == self.left:
            raise _Stop

    def outcome(self, outcome: Outcome) -> None:
        self.outcomes[outcome.cell] = outcome


def _batch_norm(p: float) -> nn.Module:
    return nn.Sequential(
        *(nn.Linear(2, 8, bias=False), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(p)),
        nn.Linear(8, 3),
    )


def _job(data: Dataset, engine: Engine, **settings: Any) -> Job:
    training = TrainingSettings(**{"epochs": 5, "batch_size": 32, "lr": 0.02, **settings})
    return Job(settings.pop("network", _batch_norm), data, training, engine)


@pytest.fixture(autouse=True)
def _after_each_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_checkpoint, "INTERVAL", 0.0)


def _train(job: Job, log: _Log, path: Path | None = None, cells: Any = CELLS) -> _Log:
    train_unit(job, cells, checkpoint=path, on_epoch=log.epoch, on_outcome=log.outcome)
    return log


def _interrupted(job: Job, path: Path, stop_after: int) -> _Log:
    log = _Log(stop_after)
    with pytest.raises(_Stop):
        _train(job, log, path)
    return log


def _same(one: Outcome, other: Outcome) -> bool:
    """Equal in every bit but those of wall times."""

    def losses(outcome: Outcome) -> list[tuple[float, ...]]:
        return [
            (e.number, e.noisy_training_loss, e.training_loss, e.validation_loss)
            for e in outcome.member.history.epochs
        ]

    return (
        losses(one) == losses(other)
        and one.member.to_dict() == other.member.to_dict()
        and list(one.weights) == list(other.weights)
        and all(torch.equal(one.weights[name], other.weights[name]) for name in one.weights)
    )


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize("stop_after", [9, 14])
def test_a_unit_goes_on_to_the_same_bits(
    small_data: Dataset, tmp_path: Path, engine: Engine, optimizer: str, stop_after: int
) -> None:
    job = _job(small_data, engine, optimizer=optimizer, max_norm=3.0)
    path = tmp_path / "unit.safetensors"
    whole = _train(job, _Log())
    before = _interrupted(job, path, stop_after)
    left = [cell for cell in CELLS if cell not in before.outcomes]
    torch.manual_seed(99)  # what the global generator is in another process does not matter
    after = _train(job, _Log(), path, left)

    assert list(after.outcomes) == left
    for cell, outcome in (before.outcomes | after.outcomes).items():
        assert _same(outcome, whole.outcomes[cell])


@pytest.mark.parametrize(("engine", "saved"), [("loop", 2), ("stacked", 3)])
def test_epochs_of_the_checkpoint_are_told_again_and_not_trained_again(
    small_data: Dataset, tmp_path: Path, engine: Engine, saved: int
) -> None:
    """Equal wall times show which epochs are those of the first run."""
    job, path = _job(small_data, engine), tmp_path / "unit.safetensors"
    before = _interrupted(job, path, 13)  # the third epoch of a member, or the fourth of the stack
    cell = read_checkpoint(path).active[0]
    first = [epoch for of, epoch in before.epochs if of == cell]
    after = _train(job, _Log(), path, [c for c in CELLS if c not in before.outcomes])
    again = [epoch for of, epoch in after.epochs if of == cell]

    assert [epoch.number for epoch in again] == [1, 2, 3, 4, 5]
    assert again[:saved] == first[:saved]
    assert again[saved].seconds != first[saved].seconds


def test_members_that_lost_patience_stay_out_of_a_stack_that_goes_on(
    small_data: Dataset, tmp_path: Path
) -> None:
    job = _job(small_data, "stacked", epochs=40, patience=2, lr=0.05)
    whole = _train(job, _Log())
    lengths = sorted(len(o.member.history.epochs) for o in whole.outcomes.values())
    assert lengths[0] < lengths[-1]
    path = tmp_path / "unit.safetensors"
    stop = sum(min(n, lengths[-1] - 1) for n in lengths)  # shortly before the last one's end
    before = _interrupted(job, path, stop)
    active = read_checkpoint(path).active
    after = _train(job, _Log(), path, [cell for cell in CELLS if cell not in before.outcomes])

    assert before.outcomes
    assert set(active).isdisjoint(before.outcomes)
    for cell, outcome in (before.outcomes | after.outcomes).items():
        assert _same(outcome, whole.outcomes[cell])


def test_who_finished_after_the_checkpoint_goes_along_untold(
    small_data: Dataset, tmp_path: Path
) -> None:
    job, path = _job(small_data, "stacked"), tmp_path / "unit.safetensors"
    whole = _train(job, _Log())
    _interrupted(job, path, 14)
    after = _train(job, _Log(), path, CELLS[1:3])

    assert list(after.outcomes) == CELLS[1:3]
    assert {cell for cell, _ in after.epochs} == set(CELLS[1:3])
    assert all(_same(outcome, whole.outcomes[cell]) for cell, outcome in after.outcomes.items())


@pytest.mark.parametrize("engine", ENGINES)
def test_cells_that_are_not_in_the_checkpoint_start_anew(
    small_data: Dataset, tmp_path: Path, engine: Engine
) -> None:
    job, path = _job(small_data, engine), tmp_path / "unit.safetensors"
    parts = [_train(job, _Log(), None, cells).outcomes for cells in (CELLS[:2], CELLS[2:])]
    with pytest.raises(_Stop):
        _train(job, _Log(3), path, CELLS[:2])
    after = _train(job, _Log(), path)

    assert set(after.outcomes) == set(CELLS)
    for cell, outcome in (parts[0] | parts[1]).items():
        assert _same(after.outcomes[cell], outcome)


def test_a_stack_that_begins_again_has_the_members_it_had(
    small_data: Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed before the first checkpoint, with members done: the rest alone can differ in bits."""
    monkeypatch.setattr(_checkpoint, "INTERVAL", 1e6)
    job = _job(small_data, "stacked", epochs=40, patience=2, lr=0.05)
    path, whole = tmp_path / "unit.safetensors", _train(job, _Log())
    ends = sorted(len(outcome.member.history.epochs) for outcome in whole.outcomes.values())
    before = _interrupted(job, path, sum(min(n, ends[-1] - 1) for n in ends))
    left = [cell for cell in CELLS if cell not in before.outcomes]
    after = _train(job, _Log(), path, left)

    assert before.outcomes
    assert not read_checkpoint(path).has_trained
    assert list(after.outcomes) == left
    assert all(_same(outcome, whole.outcomes[cell]) for cell, outcome in after.outcomes.items())


def _cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def _flip(content: bytes) -> bytes:
    return content[:-100] + bytes([content[-100] ^ 1]) + content[-99:]


def _replace(content: bytes) -> bytes:
    return content.replace(b"validation_loss", b"validation_lose")


@pytest.mark.parametrize("damage", [_cut, _flip, _replace, lambda _: b""])
def test_a_damaged_checkpoint_is_reported_and_the_unit_starts_anew(
    small_data: Dataset, tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    job, path = _job(small_data, "stacked"), tmp_path / "unit.safetensors"
    whole = _train(job, _Log())
    _interrupted(job, path, 12)
    path.write_bytes(damage(path.read_bytes()))

    with pytest.warns(UserWarning, match=r"is damaged \(it .*\); its networks are trained from"):
        after = _train(job, _Log(), path)
    assert all(_same(outcome, whole.outcomes[cell]) for cell, outcome in after.outcomes.items())


def test_a_checkpoint_of_another_network_is_refused(small_data: Dataset, tmp_path: Path) -> None:
    path = tmp_path / "unit.safetensors"
    _interrupted(_job(small_data, "loop"), path, 3)
    job = Job(networks.MLP((2, 4, 3)), small_data, TrainingSettings(), "loop")

    with pytest.raises(ModelError, match="is not the one that the snapshot was taken of: 0"):
        _train(job, _Log(), path)


def _checkpoint_of(value: float) -> Checkpoint:
    tensors = {
        "a/scalar": torch.tensor(value),
        "a/half": torch.tensor([[value]], dtype=torch.bfloat16),
        "state": torch.get_rng_state(),
        "transposed": torch.arange(6.0).reshape(2, 3).T,
    }
    return Checkpoint(((0.1, 2), (0.3, 1)), Snapshot(tensors, {"active": [1], "loss": 0.1 + 0.2}))


def test_a_checkpoint_reads_back_equal(tmp_path: Path) -> None:
    written = _checkpoint_of(1.5)
    write_checkpoint(tmp_path / "x.safetensors", written)
    read = read_checkpoint(tmp_path / "x.safetensors")

    assert (read.cells, read.snapshot.facts) == (written.cells, written.snapshot.facts)
    assert read.active == ((0.3, 1),)
    for name, value in written.snapshot.tensors.items():
        assert torch.equal(read.snapshot.tensors[name], value)
        assert read.snapshot.tensors[name].dtype == value.dtype
    assert [file.name for file in tmp_path.iterdir()] == ["x.safetensors"]


def test_checkpoints_are_not_more_frequent_than_the_interval(tmp_path: Path) -> None:
    now, path = 100.0, tmp_path / "x.safetensors"
    keeper = Keeper(path, interval=5.0, clock=lambda: now)
    taken = []

    def take() -> Snapshot:
        taken.append(now)
        return _checkpoint_of(now).snapshot

    for step in range(40):
        now = 100.0 + step * 0.75
        keeper.offer(CELLS, take)

    assert taken == [105.25, 110.5, 115.75, 121.0, 126.25]
    assert read_checkpoint(path).snapshot.tensors["a/scalar"] == 126.25


def test_slow_checkpoints_take_a_twentieth_of_the_time_at_most(tmp_path: Path) -> None:
    now = 0.0
    keeper = Keeper(tmp_path / "x.safetensors", interval=5.0, clock=lambda: now)
    taken = []

    def take() -> Snapshot:
        nonlocal now
        taken.append(now)
        now += 3.0
        return _checkpoint_of(now).snapshot

    for _ in range(200):
        now += 1.0
        keeper.offer(CELLS, take)

    assert taken == [5.0, 68.0, 131.0, 194.0]


def test_units_have_files_of_their_own() -> None:
    names = {file_name(CELLS), file_name(CELLS[:2]), file_name(CELLS[::-1])}

    assert len(names) == 3
    assert file_name(CELLS) == file_name(tuple(CELLS))
