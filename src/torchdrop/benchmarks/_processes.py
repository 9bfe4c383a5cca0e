"""A program in a process of its own, and how much memory it and its children take."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile

_PROC = Path("/proc")
_PAUSE = 0.05  # seconds between two looks at the children


def run_watched(command: Sequence[str], text: str) -> tuple[str, int | None]:
    """Run a program to its end, and look at its memory meanwhile.

    The system keeps the largest resident size that each process has had. These are read twenty
    times a second and summed over the program and all its descendants, those that have ended
    included. The sum is an upper bound: pages that processes share, such as those of torch's
    libraries, count in each, and not all need have been largest at the same time.

    Args:
        command: Program and arguments.
        text: What it finds on its standard input.

    Returns:
        Its standard output, and the peak in bytes; `None` where there is no `/proc`.

    Raises:
        RuntimeError: If it fails; with what it wrote to standard error.
    """
    peaks: dict[int, int] = {}
    with TemporaryFile("w+") as given, TemporaryFile("w+") as out, TemporaryFile("w+") as err:
        given.write(text)
        given.seek(0)
        with subprocess.Popen(
            command, stdin=given, stdout=out, stderr=err, start_new_session=True
        ) as process:
            try:
                while process.poll() is None:
                    _note_peaks(process.pid, peaks)
                    time.sleep(_PAUSE)
            finally:
                if process.returncode != 0:  # it failed, or we were interrupted
                    _end_with_children(process)
        out.seek(0)
        err.seek(0)
        if process.returncode:
            raise RuntimeError(
                f"A process of the benchmark ended with code {process.returncode}: "
                f"{err.read().strip() or 'it wrote nothing to standard error'}"
            )
        return out.read(), sum(peaks.values()) or None


def _end_with_children(process: subprocess.Popen[bytes]) -> None:
    """End the session that the program leads; its workers would wait for it forever."""
    with suppress(ProcessLookupError, PermissionError):  # nobody is left; macOS says the latter
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _note_peaks(root: int, peaks: dict[int, int]) -> None:
    for pid in (root, *_descendants(root)):
        size = _largest_size(pid)
        if size is not None:
            peaks[pid] = max(size, peaks.get(pid, 0))


def _descendants(pid: int) -> Iterator[int]:
    for path in (_PROC / str(pid) / "task").glob("*/children"):
        for child in map(int, (_read(path) or "").split()):
            yield child
            yield from _descendants(child)


def _largest_size(pid: int) -> int | None:
    """The largest resident size so far, in bytes; `None` for a process that has just ended."""
    match = re.search(r"^VmHWM:\s*(\d+) kB$", _read(_PROC / str(pid) / "status") or "", re.M)
    return int(match[1]) * 1024 if match else None


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):  # it ended between two looks
        return None
