"""One process per run directory.

The operating system holds the lock and lets go of it when the process ends, however it ends, so a
lock file that a killed process left behind is no obstacle. The file's text says who holds it.
"""

from __future__ import annotations

import errno
import os
import socket
import sys
import threading
from pathlib import Path

from ..errors import RunDirectoryError

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

LOCK = "run.lock"

_UNSUPPORTED = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}

_held: dict[Path, Lock] = {}
_guard = threading.RLock()  # a collected run lets go wherever its thread is, also in here


class Lock:
    """A run directory, held by one thread of this process until `release`.

    Args:
        folder: An existing run directory.

    Raises:
        RunDirectoryError: If another process, or another thread, is at work there.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder.resolve() / LOCK
        self._process, self._thread = os.getpid(), threading.get_ident()
        with _guard:
            _take_over(self._path, folder)
            self._descriptor = _open_locked(self._path, folder)
            os.ftruncate(self._descriptor, 0)
            os.lseek(self._descriptor, 0, os.SEEK_SET)
            os.write(self._descriptor, f"{self._process} {socket.gethostname()}\n".encode())
            _held[self._path] = self

    @property
    def is_elsewhere(self) -> bool:
        """Whether another thread that is alive holds it."""
        others = {thread.ident for thread in threading.enumerate()} - {threading.get_ident()}
        return self._thread in others

    def release(self) -> None:
        """Let go, if it is still held by this process."""
        with _guard:
            if _held.get(self._path) is self and self._process == os.getpid():
                self.let_go()

    def let_go(self) -> None:
        """Remove the file and unlock it."""
        del _held[self._path]
        if sys.platform == "win32":  # an open file cannot be removed there
            os.close(self._descriptor)
            self._path.unlink(missing_ok=True)
        else:
            self._path.unlink(missing_ok=True)
            os.close(self._descriptor)

    def forget(self) -> None:
        """Close a forked child's copy, which would keep the lock when the parent is dead."""
        os.close(self._descriptor)


def _take_over(path: Path, folder: Path) -> None:
    """Release what an interrupted run left: a thread that asks again has left the first one."""
    held = _held.get(path)
    if held is None:
        return
    if held.is_elsewhere:
        raise RunDirectoryError(
            f"{folder} is in use by another thread of this process; name another directory."
        )
    held.let_go()


def _open_locked(path: Path, folder: Path) -> int:
    """Open the lock file, locked; whoever had it before may remove it in the meantime."""
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            holder = os.read(descriptor, 1000).decode(errors="replace")
            if not _lock(descriptor, holder):
                raise RunDirectoryError(_say_who(holder, folder))
            if path.exists() and os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def _lock(descriptor: int, holder: str) -> bool:
    """Lock an open file without waiting; the lock ends with the process."""
    if sys.platform == "win32":
        os.lseek(descriptor, 1 << 30, os.SEEK_SET)  # a locked byte cannot be read, so not the text
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _UNSUPPORTED:
            raise
        return _is_gone(holder)  # a file system without locks: go by what the file says
    return True


def _is_gone(holder: str) -> bool:
    process, _, host = holder.strip().partition(" ")
    if not process.isdigit():
        return True
    if host != socket.gethostname():
        return False  # nobody can tell from here
    try:
        os.kill(int(process), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # somebody else's, so alive
    return int(process) == os.getpid()


def _say_who(holder: str, folder: Path) -> str:
    process, _, host = holder.strip().partition(" ")
    who = f"process {process} on {host}" if host else "another process"
    return (
        f"{folder} is in use by {who}; wait for it, or end it and go on with --resume. "
        f"If it is gone for certain, remove {folder / LOCK}."
    )


def _forget_all() -> None:
    for lock in _held.values():
        lock.forget()
    _held.clear()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_all)
