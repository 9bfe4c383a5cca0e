"""JSON files that are whole or not there, and numbers that strict JSON cannot hold."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ._writing import sha256, write_bytes

_SEAL = "sha256"


def to_json(value: Any) -> Any:
    """Replace NaN and infinity, which JSON has not, by their names; `float` reads them back."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return value


def write_json(path: Path, content: Any) -> None:
    """Write `content` to a file that is whole or not there."""
    write_text(path, json.dumps(to_json(content), indent=2, allow_nan=False) + "\n")


def write_text(path: Path, content: str) -> None:
    """Write text to a file that is whole or not there."""
    write_bytes(path, content.encode())


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


def write_sealed(path: Path, content: Mapping[str, Any]) -> None:
    """Write an object with a hash of its content beside it, under the key `sha256`."""
    write_json(path, {**content, _SEAL: _hash(content)})


def read_sealed(path: Path) -> dict[str, Any]:
    """Read what `write_sealed` wrote.

    Args:
        path: The file.

    Returns:
        The object without its hash.

    Raises:
        ValueError: If it is no JSON object, or not the one that was written; the text completes
            "the file is damaged: ".
    """
    try:
        content = read_json(path)
    except ValueError as error:
        raise ValueError("it is no JSON") from error
    if not isinstance(content, dict) or _SEAL not in content:
        raise ValueError("it has no checksum")
    if content.pop(_SEAL) != _hash(content):
        raise ValueError("it does not match its checksum")
    return content


def _hash(content: Mapping[str, Any]) -> str:
    return sha256(json.dumps(to_json(dict(content)), sort_keys=True, allow_nan=False).encode())
