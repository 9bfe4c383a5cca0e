"""A sweep's directory: the only place that writes one.

```
settings.json        everything that was asked for, and how the data was encoded
records.jsonl        one line per member and epoch, written as each epoch ends
members/             while the sweep runs: record and weights of each finished member
result.json          members, table and verdict
model.safetensors    weights of the chosen member
```
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from safetensors.torch import save_file
from torch import Tensor

from ..errors import RunDirectoryError
from ..training import Epoch
from ._json import read_json, to_json, write_json, write_text
from ._member import Member
from ._result import TuningResult

Existing = Literal["refuse", "resume", "overwrite"]

SETTINGS = "settings.json"
RECORDS = "records.jsonl"
RESULT = "result.json"
REPORT = "report.html"
MODEL = "model.safetensors"
MEMBERS = "members"


class RunDirectory:
    """The directory of one sweep, open for writing.

    Attributes:
        path: The directory.
        finished: Members that an earlier, interrupted sweep left behind, by (p, seed).
    """

    path: Path
    finished: dict[tuple[float, int], Member]

    def __init__(self, path: Path, settings: Mapping[str, Any], existing: Existing) -> None:
        """Create the directory, or take up one that exists as `existing` says.

        Args:
            path: Where.
            settings: All settings, as plain JSON types; resuming demands the same ones.
            existing: What to do if a run is there already.

        Raises:
            RunDirectoryError: If the directory may not be used.
        """
        self.path = path
        self.finished = {}
        check_usable(path, existing)
        resuming = existing == "resume" and (path / SETTINGS).exists()
        if resuming:
            _check_same_settings(path, settings)
            self._take_up()
        else:
            _clear(path)
            (path / MEMBERS).mkdir(parents=True)
            write_json(path / SETTINGS, settings)
            (path / RECORDS).touch()

    def record_epoch(self, p: float, seed: int, epoch: Epoch) -> None:
        """Append one line to the records."""
        with (self.path / RECORDS).open("a", encoding="utf-8") as file:
            file.write(_epoch_line(p, seed, epoch))

    def record_member(self, member: Member, weights: Mapping[str, Tensor]) -> None:
        """Keep a finished member; its record is written last, so it is whole or not there."""
        save_file(_unshared(weights), self._member_file(member, ".safetensors"))
        write_json(self._member_file(member, ".json"), member.to_dict())

    def finish(self, result: TuningResult) -> None:
        """Write the result, keep the chosen member's weights as the model, drop the others."""
        chosen = self._member_file(result.chosen, ".safetensors")
        shutil.copyfile(chosen, self.path / MODEL)
        write_json(self.path / RESULT, result.to_dict())
        shutil.rmtree(self.path / MEMBERS)

    def _member_file(self, member: Member, suffix: str) -> Path:
        return self.path / MEMBERS / f"{member.name}{suffix}"

    def _take_up(self) -> None:
        """Read the finished members, and forget the epochs of unfinished ones."""
        epochs = read_epochs(self.path)
        for file in sorted((self.path / MEMBERS).glob("*.json")):
            content = read_json(file)
            cell = (content["p"], content["seed"])
            self.finished[cell] = Member.from_dict(content, epochs[cell])
        lines = [
            _epoch_line(p, seed, epoch)
            for (p, seed), member in self.finished.items()
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
    if not path.exists() or not any(path.iterdir()):
        return
    if not (path / SETTINGS).exists():
        raise RunDirectoryError(f"{path} holds files that are not a torchdrop run; name another.")
    if existing == "refuse":
        raise RunDirectoryError(
            f"{path} holds a run already; continue it with --resume, replace it with --force, or "
            "name another with --out."
        )
    if existing == "resume" and (path / RESULT).exists():
        raise RunDirectoryError(
            f"{path} is finished; see its result with `torchdrop report {path}`."
        )


def read_epochs(path: Path) -> dict[tuple[float, int], tuple[Epoch, ...]]:
    """Read the records of a run, by (p, seed); a torn last line is left out."""
    epochs: dict[tuple[float, int], list[Epoch]] = {}
    for line in (path / RECORDS).read_text(encoding="utf-8").splitlines(keepends=True):
        if not line.endswith("\n"):
            break
        content = json.loads(line)
        cell = (content.pop("p"), content.pop("seed"))
        epochs.setdefault(cell, []).append(Epoch.from_dict(content))
    return {cell: tuple(records) for cell, records in epochs.items()}


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
    content = read_json(path / RESULT)
    return TuningResult.from_dict(content, read_epochs(path))


def _epoch_line(p: float, seed: int, epoch: Epoch) -> str:
    return json.dumps(to_json({"p": p, "seed": seed, **asdict(epoch)})) + "\n"


def _check_same_settings(path: Path, settings: Mapping[str, Any]) -> None:
    before = read_json(path / SETTINGS)
    now = json.loads(json.dumps(to_json(settings)))
    changed = [key for key in sorted({*before, *now}) if before.get(key) != now.get(key)]
    if changed:
        details = "; ".join(f"{key} was {before.get(key)}, now {now.get(key)}" for key in changed)
        raise RunDirectoryError(
            f"{path} was started with other settings, so it cannot be resumed: {details}."
        )


def _clear(path: Path) -> None:
    """Remove what an earlier run wrote, and nothing else."""
    for name in (SETTINGS, RECORDS, RESULT, REPORT, MODEL):
        (path / name).unlink(missing_ok=True)
    if (path / MEMBERS).exists():
        shutil.rmtree(path / MEMBERS)


def _unshared(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copy the weights: safetensors refuses tensors that share memory or are not contiguous."""
    return {name: value.detach().clone().contiguous() for name, value in weights.items()}
