"""What was asked for, with a hash of it: the same must be asked for to go on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..errors import RunDirectoryError
from ._json import read_sealed, to_json, write_sealed

_MOST_SHOWN = 5
_LONGEST_VALUE = 40


def write_settings(file: Path, settings: Mapping[str, Any]) -> None:
    """Write all settings of a run.

    Args:
        file: Its `settings.json`.
        settings: Plain JSON types.

    Raises:
        RunDirectoryError: If it cannot be written.
    """
    write_sealed(file, settings)


def check_same_settings(file: Path, settings: Mapping[str, Any]) -> None:
    """Refuse to go on with other settings than a run was started with.

    Args:
        file: Its `settings.json`.
        settings: What is asked for now.

    Raises:
        RunDirectoryError: If they differ, with the differences; or if the file is damaged.
    """
    try:
        before = read_sealed(file)
    except ValueError as error:
        raise RunDirectoryError(
            f"{file} is damaged or of an earlier version ({error}), so the run cannot "
            "be resumed; start it anew with --force."
        ) from error
    now = json.loads(json.dumps(to_json(dict(settings))))
    changed = list(_differences(before, now, ""))
    if not changed:
        return
    more = len(changed) - _MOST_SHOWN
    details = "; ".join(changed[:_MOST_SHOWN]) + (f"; and {more} more" if more > 0 else "")
    raise RunDirectoryError(
        f"{file.parent} was started with other settings, so it cannot be resumed: {details}."
    )


def _differences(before: Any, now: Any, name: str) -> Iterator[str]:
    """Say what differs, with dots in the names of nested keys."""
    if isinstance(before, dict) and isinstance(now, dict):
        for key in sorted({*before, *now}):
            inner = f"{name}.{key}" if name else key
            yield from _differences(before.get(key), now.get(key), inner)
    elif before != now:
        yield f"{name} was {_short(before)}, now {_short(now)}"


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 3]}..."
