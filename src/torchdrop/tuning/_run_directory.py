"""A sweep's directory: the only place that writes one.

```
settings.json        everything that was asked for, how the data was encoded, and a hash of it
records.jsonl        one line per member and epoch, written as each epoch ends
run.lock             while the sweep runs: which process is at work
members/             while the sweep runs: record and weights of each finished member
checkpoints/         while the sweep runs: each unit of work half done
beyond/              while the sweep runs: trials of what follows the grid
result.json          members, table and verdict; it is there if and only if the run is finished
model.safetensors    weights of the chosen member
```
"""

from __future__ import annotations

import json
import shutil
import weakref
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from torch import Tensor

from ..errors import RunDirectoryError
from ..kernels import Routes
from ..training import Epoch
from ._checkpoint import Cell, file_name, read_checkpoint
from ._json import read_json, read_sealed, to_json, write_json, write_sealed, write_text
from ._lock import LOCK, Lock
from ._member import Member
from ._member_files import WEIGHTS, read_members, write_member
from ._result import TuningResult
from ._settings_file import check_same_settings, write_settings
from ._writing import DRAFT, append_line, make_folder, write_bytes

Existing = Literal["refuse", "resume", "overwrite"]

SETTINGS = "settings.json"
RECORDS = "records.jsonl"
RESULT = "result.json"
REPORT = "report.html"
MODEL = "model.safetensors"
MEMBERS = "members"
CHECKPOINTS = "checkpoints"
BEYOND = "beyond"
_FOLDERS = (MEMBERS, CHECKPOINTS, BEYOND)


class RunDirectory:
    """The directory of one sweep, open for writing, and locked until it is closed.

    Attributes:
        path: The directory.
        finished: Members that an earlier, interrupted sweep left behind, by (p, seed).
        notes: What was found damaged and will be computed again, a sentence each.
    """

    path: Path
    finished: dict[Cell, Member]
    notes: list[str]

    def __init__(self, path: Path, settings: Mapping[str, Any], existing: Existing) -> None:
        """Create the directory, or take up one that exists as `existing` says.

        Args:
            path: Where.
            settings: All settings, as plain JSON types; resuming demands the same ones.
            existing: What to do if a run is there already.

        Raises:
            RunDirectoryError: If the directory may not be used, or is in use.
        """
        self.path = path
        self.finished, self.notes = {}, []
        self._done: set[Cell] = set()
        self._begun: dict[Path, frozenset[Cell]] = {}
        self._units: dict[Path, frozenset[Cell]] = {}
        check_usable(path, existing)
        make_folder(path)
        self._close = weakref.finalize(self, Lock(path).release)
        try:
            check_usable(path, existing)  # again, now that nobody else can write
            self._open(settings, existing)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> RunDirectory:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Unlock the directory; nothing else is left to do, whenever this is called."""
        self._close()

    def record_epoch(self, p: float, seed: int, epoch: Epoch) -> None:
        """Append one line to the records."""
        append_line(self.path / RECORDS, _epoch_line(p, seed, epoch))

    def record_member(self, member: Member, weights: Mapping[str, Tensor]) -> None:
        """Keep a finished member, and remove checkpoints that nobody needs any more."""
        write_member(self.path / MEMBERS, member, weights)
        self._done.add((member.p, member.seed))
        for file, cells in list(self._units.items()):
            if cells <= self._done:
                file.unlink(missing_ok=True)
                del self._units[file]

    def checkpoint(self, cells: Sequence[Cell]) -> Path:
        """Name the file where a unit is kept half done; hand it to `train_unit`.

        A unit need not be cut as it was before an interruption: if any of its cells is in a
        checkpoint that is left, it gets that one. No two units get the same.

        Args:
            cells: The unit's cells.

        Returns:
            A file, there or not.
        """
        wanted = frozenset(cells)
        for file, active in self._begun.items():
            if active & wanted and file not in self._units:
                break
        else:
            file, active = self.path / CHECKPOINTS / file_name(cells), frozenset()
        self._units[file] = wanted | active
        return file

    def write_notes(self, name: str, notes: list[dict[str, Any]]) -> None:
        """Keep what came after the grid so far, in place of what was kept before."""
        write_sealed(self.path / BEYOND / f"{name}.json", {"notes": notes})

    def read_notes(self, name: str) -> list[dict[str, Any]]:
        """Read what an earlier sweep wrote by `write_notes`; nothing if it is not there or damaged.

        Args:
            name: As it was written.

        Returns:
            The notes, in order.
        """
        file = self.path / BEYOND / f"{name}.json"
        if not file.exists():
            return []
        try:
            notes: list[dict[str, Any]] = read_sealed(file)["notes"]
        except ValueError as error:
            self.notes.append(f"{file} is damaged ({error}); what was in it is trained again.")
            return []
        return notes

    def finish(self, result: TuningResult) -> None:
        """Write the result, keep the chosen member's weights as the model, drop the others."""
        chosen = self.path / MEMBERS / f"{result.chosen.name}{WEIGHTS}"
        write_bytes(self.path / MODEL, chosen.read_bytes())
        self._write_records(result.members)
        write_json(self.path / RESULT, result.to_dict())
        _tidy(self.path)
        self.close()

    def _open(self, settings: Mapping[str, Any], existing: Existing) -> None:
        if existing == "resume" and (self.path / SETTINGS).exists():
            check_same_settings(self.path / SETTINGS, settings)
            _remove_drafts(self.path)
        else:
            _clear(self.path)
            write_settings(self.path / SETTINGS, settings)
        for folder in _FOLDERS:
            make_folder(self.path / folder)
        self._take_up()

    def _take_up(self) -> None:
        """Read what an earlier sweep left, and forget the epochs of unfinished members."""
        members, self.notes = read_members(self.path / MEMBERS)
        self.finished = {(member.p, member.seed): member for member in members}
        self._done = set(self.finished)
        self._write_records(members)
        for file in sorted((self.path / CHECKPOINTS).iterdir()):
            try:
                active = frozenset(read_checkpoint(file).active)
            except ValueError as error:
                self.notes.append(
                    f"{file} is damaged ({error}); its networks are trained from the start."
                )
                active = frozenset()
            if active <= self._done:
                file.unlink()
            else:
                self._begun[file] = active

    def _write_records(self, members: Iterable[Member]) -> None:
        """Write the records anew: no torn or foreign line, members in order."""
        lines = [
            _epoch_line(member.p, member.seed, epoch) + "\n"
            for member in sorted(members, key=lambda member: (member.p, member.seed))
            for epoch in member.history.epochs
        ]
        write_text(self.path / RECORDS, "".join(lines))


def check_usable(path: Path, existing: Existing) -> None:
    """Refuse a directory that may not be written to, before any work.

    Args:
        path: The directory asked for.
        existing: What to do if a run is there already.

    Raises:
        RunDirectoryError: If something is there that may not be resumed or overwritten.
    """
    if path.exists() and not path.is_dir():
        raise RunDirectoryError(f"{path} is a file; name a directory for the run.")
    if not path.exists() or all(_is_no_run(file) for file in path.iterdir()):
        return
    if not (path / SETTINGS).exists():
        raise RunDirectoryError(f"{path} holds files that are not a torchdrop run; name another.")
    if existing == "refuse":
        raise RunDirectoryError(
            f"{path} holds a run already; continue it with --resume, replace it with --force, or "
            "name another with --out."
        )
    if existing == "resume" and (path / RESULT).exists():
        _tidy(path)  # in case that it was killed after its last step but one
        raise RunDirectoryError(
            f"{path} is finished; see its result with `torchdrop report {path}`."
        )


def read_epochs(path: Path) -> dict[tuple[float, int], tuple[Epoch, ...]]:
    """Read the records of a run, by (p, seed); a torn last line is left out.

    Args:
        path: The run's directory; the run may still be at work.

    Returns:
        Epochs in order.

    Raises:
        RunDirectoryError: If another line than the last is torn.
    """
    epochs: dict[tuple[float, int], list[Epoch]] = {}
    lines = (path / RECORDS).read_text(encoding="utf-8").splitlines(keepends=True)
    for number, line in enumerate(lines, start=1):
        if not line.endswith("\n"):
            break
        try:
            content = json.loads(line)
        except ValueError as error:
            raise RunDirectoryError(
                f"{path / RECORDS} is damaged in line {number}; train the run again with --force."
            ) from error
        cell = (content.pop("p"), content.pop("seed"))
        epochs.setdefault(cell, []).append(Epoch.from_dict(content))
    return {cell: tuple(records) for cell, records in epochs.items()}


def recorded_routes(path: Path, measured: Mapping[str, Routes]) -> Mapping[str, Routes]:
    """Take the routes that a run was started with in place of new ones, so that bits stay.

    Args:
        path: The run's directory; there need not be a run in it.
        measured: By layer, as they would be chosen now.

    Returns:
        The recorded ones, if they are of the same layers.
    """
    try:
        recorded = read_sealed(path / SETTINGS)["matmul"]
    except (OSError, ValueError, KeyError):
        return measured  # whatever is wrong there is said when the run is taken up
    if set(recorded) != set(measured):
        return measured
    return {name: Routes.from_dict(content) for name, content in recorded.items()}


def load_result(path: Path) -> TuningResult:
    """Read a finished run.

    Args:
        path: A run's directory.

    Returns:
        The result, equal to the one the sweep returned.

    Raises:
        RunDirectoryError: If there is no finished run.
    """
    if not (path / RESULT).exists():
        hint = "it was not finished; go on with --resume" if (path / SETTINGS).exists() else ""
        raise RunDirectoryError(f"{path} holds no result{': ' + hint if hint else ''}.")
    content, epochs = read_json(path / RESULT), read_epochs(path)
    for member in content["members"]:
        if (member["p"], member["seed"]) not in epochs:
            raise RunDirectoryError(
                f"{path / RECORDS} has lost the epochs of p={member['p']:g}, seed "
                f"{member['seed']}; train the run again with --force."
            )
    return TuningResult.from_dict(content, epochs)


def _epoch_line(p: float, seed: int, epoch: Epoch) -> str:
    return json.dumps(to_json({"p": p, "seed": seed, **asdict(epoch)}))


def _is_no_run(file: Path) -> bool:
    """Whether a file is what a process leaves that was killed before it wrote the settings."""
    return file.name == LOCK or (file.name.startswith(SETTINGS) and file.name.endswith(DRAFT))


def _clear(path: Path) -> None:
    """Remove what an earlier run wrote, and nothing else.

    The result goes first, so that nothing half removed looks finished; the settings stay until
    they are replaced, since by them a directory is known to be a run's.
    """
    for name in (RESULT, RECORDS, REPORT, MODEL):
        (path / name).unlink(missing_ok=True)
    _tidy(path)


def _tidy(path: Path) -> None:
    """Remove what only an unfinished run needs."""
    for name in _FOLDERS:
        shutil.rmtree(path / name, ignore_errors=not (path / name).exists())
    _remove_drafts(path)


def _remove_drafts(path: Path) -> None:
    """Remove files that were being written when a process was killed."""
    for folder in (path, *(path / name for name in _FOLDERS)):
        for draft in folder.glob(f"*{DRAFT}"):
            draft.unlink(missing_ok=True)
