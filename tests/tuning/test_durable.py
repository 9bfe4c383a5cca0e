"""Sweeps that are killed, starved and raced: what is finished stays, and the result is the same."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from torchdrop.errors import RunDirectoryError
from torchdrop.tuning._run_directory import RunDirectory

KILLING = Path(__file__).with_name("killing.py")

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs fork and SIGKILL")


def killed_sweeps(out: Path, seed: int, most: int, *kinds: str) -> list[dict[str, Any]]:
    """Run `killing.py`."""
    output = subprocess.run(
        [sys.executable, KILLING, out, str(seed), str(most), *kinds],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert output.returncode == 0, output.stderr
    return [json.loads(line) for line in output.stdout.splitlines()]


def assert_alike(trials: list[dict[str, Any]]) -> None:
    """Each engine's results have the same bytes, however often it was killed."""
    for engine in ("loop", "stacked"):
        own = [trial for trial in trials if trial["engine"] == engine]

        assert len(own) > 1
        for name in ("result.json", "model.safetensors"):
            assert len({trial[name] for trial in own}) == 1


def test_a_sweep_killed_while_it_writes_ends_in_the_same_bytes(tmp_path: Path) -> None:
    """The long version is in tests/long/test_killed.py."""
    trials = killed_sweeps(tmp_path, 1, 5, "never", "writing")

    assert_alike(trials)
    assert sum(trial["killed"] for trial in trials) >= 6
    assert sum(trial["checkpoints"] for trial in trials) >= 2


STARVING = """
import json, os, resource, sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import killing
from torchdrop.errors import RunDirectoryError

def sweep(out, largest):
    if os.fork() == 0:
        if largest:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
        try:
            killing.sweep(out, "loop", lambda _: None, interval=1000.0)
        except RunDirectoryError as error:
            print(error, flush=True)
            os._exit(3)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.wait()[1])

out = Path(sys.argv[2])
first = sweep(out / "starved", 2500)
kept = len(list((out / "starved" / "members").glob("*.json")))
print(json.dumps([first, kept, sweep(out / "starved", 0), sweep(out / "whole", 0)]))
"""


def test_a_disk_without_room_is_an_error_that_loses_nothing(tmp_path: Path) -> None:
    """The limit on a file's size stands in for a full disk: the records outgrow it."""
    output = subprocess.run(
        [sys.executable, "-c", STARVING, KILLING.parent, tmp_path],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    message, codes = output.stdout.splitlines()
    first, kept, resumed, whole = json.loads(codes)

    assert "records.jsonl could not be written (File too large); networks that are" in message
    assert "make room, or see to the disk, and go on with --resume" in message
    assert (first, resumed, whole) == (3, 0, 0)
    assert 0 < kept < 4
    results = [tmp_path / name / "result.json" for name in ("starved", "whole")]
    assert results[0].read_bytes() == results[1].read_bytes()


HOLDING = """
import sys, time
from pathlib import Path
from torchdrop.tuning._lock import Lock
lock = Lock(Path(sys.argv[1]))
print("locked", flush=True)
time.sleep(600)
"""


def test_a_second_process_is_refused_until_the_first_is_dead(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDING, tmp_path], stdout=subprocess.PIPE, text=True
    ) as first:
        assert first.stdout is not None
        assert first.stdout.readline() == "locked\n"
        with pytest.raises(RunDirectoryError, match=f"is in use by process {first.pid} on .*wait"):
            RunDirectory(tmp_path, {}, "resume")
        first.send_signal(signal.SIGKILL)

    assert (tmp_path / "run.lock").exists()
    with RunDirectory(tmp_path, {}, "resume") as directory:
        assert directory.finished == {}
