"""JSON files that are whole or not there, and numbers that strict JSON cannot hold."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any


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
    """Write `content` to a file beside `path`, then rename it."""
    write_text(path, json.dumps(to_json(content), indent=2, allow_nan=False) + "\n")


def write_text(path: Path, content: str) -> None:
    """Write text to a file beside `path`, then rename it."""
    draft = path.with_name(path.name + ".part")
    draft.write_text(content, encoding="utf-8")
    os.replace(draft, path)


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))
