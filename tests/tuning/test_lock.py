"""One process, and one thread, per run directory; see test_durable.py for two processes."""

import errno
import os
import socket
import threading
from pathlib import Path

import pytest

from torchdrop.errors import RunDirectoryError
from torchdrop.tuning import _lock
from torchdrop.tuning._run_directory import RunDirectory


def test_another_thread_is_refused_while_the_first_is_alive(tmp_path: Path) -> None:
    opened, done = threading.Event(), threading.Event()

    def hold() -> None:
        directory = RunDirectory(tmp_path, {}, "refuse")
        opened.set()
        done.wait()
        directory.close()

    thread = threading.Thread(target=hold)
    thread.start()
    opened.wait()
    with pytest.raises(RunDirectoryError, match="another thread"):
        RunDirectory(tmp_path, {}, "resume")
    done.set()
    thread.join()
    RunDirectory(tmp_path, {}, "resume").close()


def test_a_thread_that_left_a_run_can_take_it_up_again(tmp_path: Path) -> None:
    left = RunDirectory(tmp_path, {}, "refuse")  # an exception's traceback can hold on to it
    again = RunDirectory(tmp_path, {}, "resume")
    left.close()

    assert (tmp_path / "run.lock").read_text().startswith(f"{os.getpid()} ")
    again.close()
    assert not (tmp_path / "run.lock").exists()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_does_not_hold_the_lock(tmp_path: Path) -> None:
    """A worker that outlives a killed parent must not keep the directory locked."""
    directory = RunDirectory(tmp_path, {}, "refuse")
    (ready, say), (wait, end) = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        os.write(say, b".")
        os.read(wait, 1)
        os._exit(0)
    try:
        os.read(ready, 1)
        # What the system does when a process dies: the descriptor is closed, the file stays.
        os.close(_lock._held.pop((tmp_path / "run.lock").resolve())._descriptor)
        RunDirectory(tmp_path, {}, "resume").close()
    finally:
        os.write(end, b".")
        os.waitpid(child, 0)
        for descriptor in (ready, say, wait, end):
            os.close(descriptor)
        directory.close()


@pytest.mark.skipif(os.name != "posix", reason="Windows has locks on every file system")
@pytest.mark.parametrize(
    ("holder", "refused"),
    [
        (f"1 {socket.gethostname()}", True),  # alive
        (f"4194305 {socket.gethostname()}", False),  # above the highest process number of Linux
        ("1 another-machine", True),
        ("", False),
    ],
)
def test_without_locks_the_holder_named_in_the_file_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, holder: str, refused: bool
) -> None:
    def unsupported(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("fcntl.flock", unsupported)
    (tmp_path / "run.lock").write_text(holder)
    if refused:
        with pytest.raises(RunDirectoryError, match=r"in use by process 1 .*remove .*run\.lock"):
            RunDirectory(tmp_path, {}, "resume")
    else:
        RunDirectory(tmp_path, {}, "resume").close()
