import inspect
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from torchdrop import tune
from torchdrop.benchmarks import (
    SWEEP_CONTESTANTS,
    SweepBenchmark,
    SweepCase,
    SweepRun,
    benchmark_sweep,
)
from torchdrop.benchmarks._processes import run_watched
from torchdrop.benchmarks._sweep import RATES
from torchdrop.benchmarks._sweep_contestants import cells_of, write_rows
from torchdrop.benchmarks._sweep_ours import ENGINES
from torchdrop.benchmarks._sweep_users import build_network, train_network
from torchdrop.data import load
from torchdrop.errors import SettingError
from torchdrop.networks import mlp

TINY: dict[str, Any] = {"epochs": 2, "repeats": 1, "threads": 1}
ALONE = tuple(name for name in SWEEP_CONTESTANTS if name != "e")


def _run(seconds: float) -> SweepRun:
    return SweepRun(seconds, 2 * seconds, 1 << 20, 6, 2.0, 1.0, 1.5)


def _case(members: int = 6, **seconds: float) -> SweepCase:
    runs = {name: (_run(9 * time), _run(time), _run(0.1)) for name, time in seconds.items()}
    return SweepCase("1x8", (8,), members, 100, 4, runs)


@pytest.fixture(scope="module")
def case() -> SweepCase:
    """Two networks of one layer of 8, trained by everyone but e."""
    return benchmark_sweep(("1x8",), (2,), (640,), contestants=ALONE, **TINY).cases[0]


def test_everyone_trains_all_networks_and_their_loss_falls(case: SweepCase) -> None:
    assert tuple(case.runs) == ALONE
    for (run,) in case.runs.values():
        assert run.members == 2
        assert run.last_loss < run.first_loss < 2.5
        assert run.validation_loss < 2.5
        assert run.seconds > 0
        assert run.cpu_seconds > 0


def test_processes_train_what_one_process_trains(case: SweepCase) -> None:
    (alone,), (shared,) = case.runs["b"], case.runs["c"]

    assert shared.last_loss == pytest.approx(alone.last_loss, rel=1e-5)
    assert shared.validation_loss == pytest.approx(alone.validation_loss, rel=1e-5)


def test_the_stack_trains_what_the_loop_trains(case: SweepCase) -> None:
    (stacked,), (looped,) = case.runs["d"], case.runs["loop"]

    assert stacked.last_loss == pytest.approx(looped.last_loss, rel=1e-4)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_memory_of_worker_processes_is_counted(case: SweepCase) -> None:
    peaks = {name: case.peak_bytes(name) for name in ("b", "c")}

    assert peaks["b"] is not None
    assert peaks["c"] is not None
    assert peaks["c"] > 2 * peaks["b"]  # two workers and their parent, each with torch


@pytest.mark.skipif("workers" not in inspect.signature(tune).parameters, reason="no workers yet")
def test_two_workers_train_what_one_process_trains(case: SweepCase) -> None:
    other = benchmark_sweep(("1x8",), (2,), (640,), contestants=("e",), **TINY).cases[0]

    assert other.runs["e"][0].members == 2
    assert other.runs["e"][0].last_loss == pytest.approx(case.runs["d"][0].last_loss, rel=1e-4)


def test_a_single_network_is_trained_by_all_but_the_workers() -> None:
    words: list[str] = []
    case = benchmark_sweep(
        *(("1x8",), (1,), (64,)),
        contestants=("d", "e", "loop"),
        **{**TINY, "epochs": 1},
        on_progress=lambda progress: words.append(progress.doing),
    ).cases[0]

    assert words == [f"1x8, 1 network, 64 rows: {name}, 1 of 1" for name in ("d", "loop")]
    assert case.runs["d"][0].members == 1
    assert case.runs["d"][0].last_loss == pytest.approx(case.runs["loop"][0].last_loss, rel=0.1)


def test_ratios_are_quotients_of_medians_of_one_case() -> None:
    case = _case(a=6.0, b=4.0, c=3.0, d=1.0)

    assert case.seconds("a") == 6.0
    assert case.seconds_per_epoch("a") == 1.5
    assert case.cpu_seconds("a") == 12.0
    assert case.peak_bytes("a") == 1 << 20
    assert case.to_dict()["ratios"] == {
        "a / d": 6.0,
        "b / d": 4.0,
        "c / d": 3.0,
        "loop / d": None,
        "d / e": None,
        "d / best of b, c": pytest.approx(1 / 3),
        "e / best of b, c": None,
    }


def test_growth_is_measured_from_the_first_case_of_the_network() -> None:
    small, large = _case(6, b=1.0, d=1.0), _case(60, b=10.0, d=5.0)
    result = SweepBenchmark((small, large))

    assert [result.growth(large, name) for name in ("b", "d", "a")] == [10.0, 5.0, None]
    assert [case["growth"]["d"] for case in result.to_dict()["cases"]] == [1.0, 5.0]
    assert json.loads(json.dumps(result.to_dict()))["cases"][1]["members"] == 60


def test_the_grid_is_that_of_tune() -> None:
    assert inspect.signature(tune).parameters["p"].default == RATES
    assert cells_of(30, RATES) == tuple((p, seed) for seed in range(5) for p in RATES)
    assert cells_of(2, RATES) == ((0.0, 0), (0.5, 0))
    assert cells_of(1, RATES) == ((0.5, 0),)
    assert [len(set(cells_of(n, RATES))) for n in (3, 4, 5, 6, 60, 240)] == [3, 4, 5, 6, 60, 240]


def test_every_engine_that_is_ours_has_arguments() -> None:
    assert {"a", "b", "c", *ENGINES} == set(SWEEP_CONTESTANTS)


def test_users_and_we_build_the_same_network_around_dropout() -> None:
    theirs, ours = build_network((6, 5, 4, 3), 0.3), mlp(6, 5, 4, 3, p=0.3)

    assert [type(layer) for layer in theirs if not isinstance(layer, nn.Dropout)] == [
        type(layer) for layer in ours if not isinstance(layer, nn.Dropout)
    ]
    assert {name: value.shape for name, value in theirs.state_dict().items()} == {
        name: value.shape for name, value in ours.state_dict().items()
    }
    assert [layer.p for layer in theirs if type(layer) is nn.Dropout] == [0.3, 0.3]


@pytest.mark.parametrize("loader", [True, False])
def test_a_users_loop_learns_with_and_without_loader(loader: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(200, 4, generator=generator)
    parts = dict.fromkeys(("train", "validation", "test"), (x, (x[:, 0] > 0).long()))
    task = {"hidden": [16], "epochs": 5, "batch_size": 32, "lr": 1e-2}
    with torch.random.fork_rng(devices=[]):
        losses = train_network(task, parts, 0.2, 0, loader=loader)

    assert len(losses) == 5
    assert losses[-1][0] < 0.8 * losses[0][0]
    assert all(training == validation for training, validation in losses)


def test_rows_are_drawn_from_digits(tmp_path: Path) -> None:
    data = load("digits").flattened()
    assert write_rows(data, None, tmp_path / "all.npz") == len(data.train)
    assert write_rows(data, 10_000, tmp_path / "more.npz") == 10_000
    with np.load(tmp_path / "more.npz") as more, np.load(tmp_path / "all.npz") as every:
        known = {row.tobytes() for row in every["train_x"]}

        assert more["validation_x"].shape == (2_500, 64)
        assert len(more["test_y"]) == len(data.test)
        assert all(row.tobytes() in known for row in more["train_x"])
        assert torch.equal(torch.from_numpy(every["train_x"]), data.train.x)


def test_the_users_script_imports_nothing_of_ours() -> None:
    path = Path(inspect.getfile(train_network))
    code = (
        f"import runpy, sys; runpy.run_path({str(path)!r}); "
        "print([name for name in sys.modules if name.split('.')[0] == 'torchdrop'])"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert output.stdout.strip() == "[]"


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(RuntimeError, match=r"ended with code 3: .*no luck"):
        run_watched(
            [sys.executable, "-c", "import sys; print('no luck', file=sys.stderr); exit(3)"], ""
        )


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")
def test_the_peak_is_that_of_the_process_and_its_children() -> None:
    one = "import time; block = bytearray(2**26); time.sleep(0.5)"
    two = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {one!r}]); {one}"
    _, alone = run_watched([sys.executable, "-c", one], "")
    _, both = run_watched([sys.executable, "-c", two], "")

    assert alone is not None
    assert both is not None
    assert 2**26 < alone < 2**27 < both


def test_interrupting_ends_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[int] = []

    def interrupt(pid: int, peaks: dict[int, int]) -> None:
        started.append(pid)
        raise KeyboardInterrupt

    monkeypatch.setattr("torchdrop.benchmarks._processes._note_peaks", interrupt)
    with pytest.raises(KeyboardInterrupt):
        run_watched([sys.executable, "-c", "import time; time.sleep(60)"], "")

    with pytest.raises(ProcessLookupError):
        os.kill(started[0], 0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"networks": ("lenet",)}, "networks are chapter"),
        ({"networks": ("3x0",)}, "networks are chapter"),
        ({"networks": ()}, "networks are chapter"),
        ({"members": (0,)}, "members are 1 to 6"),
        ({"members": (7,)}, "multiples of 6"),
        ({"members": ()}, "members are 1 to 6"),
        ({"rows": (7,)}, "rows are numbers"),
        ({"contestants": ("z",)}, "contestants are among a, b"),
        ({"contestants": ("a", "a")}, "each once"),
        ({"contestants": ()}, "contestants are among"),
        ({"contestants": ("e",), "members": (1,)}, "e shares networks"),
        ({"epochs": 0}, "epochs is at least 1"),
        ({"repeats": 0}, "repeats is at least 1"),
        ({"threads": 0}, "threads is at least 1"),
    ],
)
def test_bad_settings_are_refused_before_any_work(
    settings: dict[str, Any], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        pytest.fail("a process was started")

    monkeypatch.setattr("torchdrop.benchmarks._sweep.run_once", refuse)
    with pytest.raises(SettingError, match=message):
        benchmark_sweep(**settings)
