"""Many deaths of sweeps, at random times and at random steps of writing."""

import os
from pathlib import Path

import pytest

from ..tuning.test_durable import assert_alike, killed_sweeps

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name != "posix", reason="needs fork and SIGKILL"),
]


@pytest.mark.parametrize("seed", range(5))
def test_a_sweep_killed_many_times_ends_in_the_same_bytes(tmp_path: Path, seed: int) -> None:
    trials = killed_sweeps(tmp_path, seed, 1000, "never", "writing", "whenever")

    assert_alike(trials)
    assert sum(trial["killed"] for trial in trials) >= 10
    assert sum(trial["checkpoints"] for trial in trials) >= 5
