"""Files that are whole or not there, whenever the process or the machine dies."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from ..errors import RunDirectoryError

DRAFT = ".part"


def sha256(content: bytes) -> str:
    """Hash bytes, as 64 hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def write_bytes(path: Path, content: bytes) -> None:
    """Write a draft beside `path`, then rename it.

    Args:
        path: A file, new or old; its folder exists.
        content: All of it.

    Raises:
        RunDirectoryError: If it cannot be written; what was at `path` is still there.
    """
    # The process's number keeps a forgotten worker from writing into our draft.
    draft = path.with_name(f"{path.name}.{os.getpid()}{DRAFT}")
    with _explaining(path, lambda: draft.unlink(missing_ok=True)):
        with draft.open("wb") as file:
            file.write(content)
            file.flush()
            # A killed process loses nothing that was written. A machine that loses its power
            # does: without this, the new name can be on the disk before the content is.
            os.fsync(file.fileno())
        os.replace(draft, path)
        _sync_folder(path.parent)


def append_line(path: Path, line: str) -> None:
    """Append a line to a file, without waiting for the disk: a torn line must do no harm.

    Args:
        path: A file.
        line: Text without a line break.

    Raises:
        RunDirectoryError: If it cannot be written.
    """
    with _explaining(path), path.open("a", encoding="utf-8") as file:
        file.write(line + "\n")


def make_folder(path: Path) -> None:
    """Create a folder, with those above it, if it is not there.

    Args:
        path: The folder.

    Raises:
        RunDirectoryError: If it cannot be created.
    """
    with _explaining(path):
        path.mkdir(parents=True, exist_ok=True)


def _sync_folder(folder: Path) -> None:
    """Bring a rename to the disk; Windows has no such call, and needs none."""
    if os.name == "posix":
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


@contextlib.contextmanager
def _explaining(path: Path, clean: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Say of a failed write what it was, and what to do next."""
    try:
        yield
    except OSError as error:
        with contextlib.suppress(OSError):  # the first error is the one to report
            clean()
        reason = error.strerror or type(error).__name__
        raise RunDirectoryError(
            f"{path} could not be written ({reason}); networks that are finished are kept, so "
            "make room, or see to the disk, and go on with --resume."
        ) from error
