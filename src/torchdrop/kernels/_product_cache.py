"""What was measured about matrix products, kept for later processes.

One JSON file: from what a measurement depends on to the routes it led to. It saves time and holds
nothing that cannot be measured again, so a file that cannot be read, written or understood, as on
a full disk or in a read-only home, is no error: the products are measured again, once a process.
"""

from __future__ import annotations

import json
import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from ..errors import SettingError
from ._products import Routes


def cache_file() -> Path:
    """Name the file: `torchdrop/products.json` in `$XDG_CACHE_HOME`, or else in `~/.cache`.

    Returns:
        The path; neither file nor folder need exist.

    Raises:
        RuntimeError: If the variable is not set and the user has no home.
    """
    # A relative path in the variable is to be ignored, by the specification of XDG.
    folder = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (folder if folder.is_absolute() else Path.home() / ".cache") / "torchdrop/products.json"


def recall(key: str) -> Routes | None:
    """Look up what was measured before.

    Args:
        key: What the measurement depends on.

    Returns:
        The routes; `None` if there are none that can be read.
    """
    return _routes(_read(), key)


def remember(key: str, routes: Routes) -> Routes:
    """Keep what was measured, if it can be kept.

    Args:
        key: What the measurement depends on.
        routes: What it led to.

    Returns:
        `routes`, or those of a process that measured the same meanwhile, so that both agree.
    """
    content = _read()
    earlier = _routes(content, key)
    if earlier is not None:
        return earlier
    # Where there is no place to keep it, the next process measures again.
    with suppress(OSError, RuntimeError):
        _write({**content, key: routes.to_dict()})
    return routes


def _read() -> dict[str, Any]:
    try:
        content = json.loads(cache_file().read_text(encoding="utf-8"))
    except (OSError, RuntimeError, ValueError):
        return {}  # absent, unreadable or torn: what it held is measured again
    return content if isinstance(content, dict) else {}


def _routes(content: dict[str, Any], key: str) -> Routes | None:
    found = content.get(key)
    if not isinstance(found, dict):
        return None
    try:
        return Routes.from_dict(found)
    except SettingError:
        return None  # of a later version, or edited: measured again


def _write(content: dict[str, Any]) -> None:
    """Write a file of our own beside the cache, then rename it, so that no reader sees half."""
    path = cache_file()
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=path.name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
        os.replace(draft, path)
    except OSError:
        os.unlink(draft)
        raise
