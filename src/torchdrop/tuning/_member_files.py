"""Finished networks on disk, while a sweep runs: record and weights of each, both checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import safetensors.torch
from torch import Tensor

from ..training import Epoch
from ._json import read_sealed, write_sealed
from ._member import Member
from ._writing import sha256, write_bytes

RECORD = ".json"
WEIGHTS = ".safetensors"


def write_member(folder: Path, member: Member, weights: Mapping[str, Tensor]) -> None:
    """Keep a finished network; its record is written last, so it is whole or not there.

    Args:
        folder: Where.
        member: Its record.
        weights: As its `state_dict` names them.

    Raises:
        RunDirectoryError: If it cannot be written.
    """
    # Copies, since safetensors refuses tensors that share memory or are not contiguous.
    copies = {name: value.detach().clone().contiguous() for name, value in weights.items()}
    content = safetensors.torch.save(copies)
    write_bytes(folder / f"{member.name}{WEIGHTS}", content)
    record = {
        "member": member.to_dict(),
        "epochs": [asdict(epoch) for epoch in member.history.epochs],
        "weights": sha256(content),
    }
    write_sealed(folder / f"{member.name}{RECORD}", record)


def read_members(folder: Path) -> tuple[list[Member], list[str]]:
    """Read all networks in a folder; remove what is damaged or has no record.

    Args:
        folder: Where they are.

    Returns:
        The networks that are whole, and a sentence about each that is not.
    """
    members, notes = [], []
    for file in sorted(folder.glob(f"*{RECORD}")):
        try:
            members.append(_read_member(file))
        except ValueError as error:
            notes.append(f"{file} is damaged ({error}); that network is trained again.")
            file.unlink()
    names = {member.name for member in members}
    for file in folder.glob(f"*{WEIGHTS}"):
        if file.stem not in names:
            file.unlink()
    return members, notes


def _read_member(file: Path) -> Member:
    content = read_sealed(file)
    weights = file.with_suffix(WEIGHTS)
    if not weights.exists():
        raise ValueError("its weights are missing")
    if sha256(weights.read_bytes()) != content["weights"]:
        raise ValueError("its weights do not match their checksum")
    epochs = tuple(Epoch.from_dict(epoch) for epoch in content["epochs"])
    member = Member.from_dict(content["member"], epochs)
    if member.name != file.stem:
        raise ValueError(f"it is the record of {member.name}")
    return member
