"""Where the user's code is at the moment; looked at only when there is something to report."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import FrameType

_LIBRARIES = frozenset(
    (
        "torch",
        "torchdrop",
        "lightning",
        "lightning_fabric",
        "pytorch_lightning",
        "transformers",
        "accelerate",
        "contextlib",
    )
)


@dataclass(frozen=True, slots=True)
class Scene:
    """A line of the user's code.

    Attributes:
        file: Its path.
        line: From 1; 0 where it is not known.
    """

    file: str
    line: int

    @property
    def place(self) -> str:
        """File and line in one."""
        return f"{self.file}:{self.line}"


def look() -> Scene:
    """Find the innermost frame that belongs to no library.

    Returns:
        Its line; "<unknown>" if there is none.
    """
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package not in _LIBRARIES:
            return Scene(frame.f_code.co_filename, frame.f_lineno)
        frame = frame.f_back
    return Scene("<unknown>", 0)


def parse(place: str | None) -> Scene | None:
    """Read "file.py:12" back.

    Args:
        place: As `Scene.place` gives it; `None` gives `None`.

    Returns:
        The line; `None` where there is none in it.
    """
    file, _, line = (place or "").rpartition(":")
    return Scene(file, int(line)) if file and line.isdigit() else None
