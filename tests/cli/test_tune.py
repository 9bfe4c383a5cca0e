import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from torchdrop.cli import _tune as command
from torchdrop.tuning import Progress, load_result, tune

from .conftest import QUICK, Outcome, Run


def test_digits_are_tuned_and_the_report_is_the_last_line(run: Run) -> None:
    outcome = run("tune", *QUICK)
    report = Path(outcome.out.splitlines()[-1].removeprefix("report: "))
    HTMLParser().feed(report.read_text())

    assert outcome.code == 0
    assert report == Path("runs/digits/report.html")
    assert load_result(report.parent).verdict.sentence in outcome.out


def test_progress_goes_to_standard_error_a_line_per_member(run: Run) -> None:
    outcome = run("tune", *QUICK)
    lines = outcome.err.splitlines()

    assert "digits: 3,058 training, 765 validation and 1,797 test rows" in lines[0]
    assert _counts(outcome) == ["[1/4]", "[2/4]", "[3/4]", "[4/4]"]


def _counts(outcome: Outcome) -> list[str]:
    """How far each line of progress says the sweep is."""
    return [line.split()[0] for line in outcome.err.splitlines() if line.startswith("[")]


def test_quiet_prints_the_reports_path_alone(run: Run) -> None:
    outcome = run("tune", *QUICK, "--quiet")

    assert outcome.out == "runs/digits/report.html\n"
    assert outcome.err == ""


def test_json_alone_is_on_standard_output(run: Run) -> None:
    outcome = run("tune", *QUICK, "--json")
    content = json.loads(outcome.out)

    assert content["verdict"]["answer"] in {"best", "tie", "no help"}
    assert [row["p"] for row in content["summaries"]] == [0.0, 0.3]


def test_runs_without_a_name_get_a_new_directory_each(run: Run) -> None:
    first, second = (run("tune", *QUICK, "--quiet").out.strip() for _ in range(2))

    assert (first, second) == ("runs/digits/report.html", "runs/digits-2/report.html")


def test_a_table_is_tuned_and_its_gaps_are_reported(run: Run, table: Path) -> None:
    outcome = run("tune", str(table), "--target", "label", *QUICK, "--out", "run")

    assert outcome.code == 0
    assert "missing" in outcome.err
    assert load_result(Path("run")).data.classes == ("big", "small")


def test_a_number_is_predicted_by_regression(run: Run, table: Path) -> None:
    outcome = run("tune", str(table), "--target", "price", *QUICK, "--out", "run")

    assert outcome.code == 0
    assert load_result(Path("run")).data.task == "regression"


def test_an_own_network_is_named_by_module_and_callable(run: Run, tmp_path: Path) -> None:
    (tmp_path / "my_net.py").write_text(
        "from torch import nn\n"
        "def build(p):\n"
        "    return nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.ReLU(), nn.Dropout(p),"
        " nn.Linear(8, 10))\n"
    )
    outcome = run("tune", "--model", "my_net:build", *QUICK[:-2], "--out", "run")

    assert outcome.code == 0
    assert load_result(Path("run")).settings["network"]["name"] == "my_net:build"


def test_thinned_networks_are_tuned_and_their_model_predicts(run: Run) -> None:
    outcome = run("tune", *QUICK, "--thin", "--out", "run")

    assert outcome.code == 0
    assert "thinned networks are trained one after the other" in outcome.err
    assert load_result(Path("run")).settings["network"]["kind"] == "thinned"
    assert run("predict", "run", "digits").code == 0


def test_arrays_in_a_file_are_tuned(run: Run) -> None:
    generator = np.random.default_rng(0)
    np.savez("a.npz", x=generator.normal(size=(90, 5)), y=np.arange(90) % 3)

    assert run("tune", "a.npz", *QUICK).code == 0


def _interrupted_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> Outcome:
    """Run the sweep and press Ctrl-C when two of its four members are finished."""

    def interrupt(progress: Progress) -> None:
        if progress.done == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(command, "run_sweep", partial(_with_observer, interrupt))
        return run("tune", *QUICK)


def _with_observer(observer: Callable[[Progress], None], *args: Any, **settings: Any) -> Any:
    return tune(*args, **{**settings, "on_progress": observer})


def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcome = _interrupted_run(run, monkeypatch)
    hint = outcome.err.splitlines()[-1]

    assert outcome.code == 130
    assert hint.strip() == f"torchdrop tune {' '.join(QUICK)} --out runs/digits --resume"


def test_the_command_that_ctrl_c_suggests_finishes_the_run(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    hint = _interrupted_run(run, monkeypatch).err.splitlines()[-1]
    outcome = run(*shlex.split(hint)[1:])

    assert outcome.code == 0
    assert "[3/4]" in outcome.err
    assert "[1/4]" not in outcome.err
    assert len(load_result(Path("runs/digits")).members) == 4


def test_workers_come_to_the_same_as_this_process(run: Run) -> None:
    run("tune", *QUICK, "--out", "here", "--engine", "loop")
    outcome = run("tune", *QUICK, "--out", "there", "--engine", "loop", "--workers", "2")
    losses = [
        [member.history.best.validation_loss for member in load_result(Path(name)).members]
        for name in ("here", "there")
    ]

    assert outcome.code == 0
    assert _counts(outcome) == ["[1/4]", "[2/4]", "[3/4]", "[4/4]"]
    # They share torch's threads, whose number may change how sums are rounded.
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_an_address_stands_for_the_executor_of_its_cluster(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    @contextmanager
    def connect(address: str) -> Iterator[Executor]:
        asked.append(address)
        with ThreadPoolExecutor(1) as executor:
            yield executor

    monkeypatch.setattr(command, "dask_executor", connect)

    assert run("tune", *QUICK, "--dask", "tcp://somewhere:8786").code == 0
    assert asked == ["tcp://somewhere:8786"]


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_ctrl_c_stops_workers_and_keeps_what_is_finished(tmp_path: Path) -> None:
    """The signal goes to every process of the terminal, as it does in a shell."""
    words = (
        "tune",
        *QUICK,
        "--epochs",
        "100",
        "--seeds",
        "20",
        "--workers",
        "2",
        "--engine",
        "loop",
    )
    code = "from torchdrop.cli import main; main()"
    with subprocess.Popen(
        [sys.executable, "-c", code, *words],
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as command_line:
        assert command_line.stderr
        first = next(line for line in command_line.stderr if line.startswith("["))
        os.killpg(command_line.pid, signal.SIGINT)
        rest = command_line.stderr.read()
    deadline = time.monotonic() + 20  # a process that has been told to end may still be ending
    while (left := _living(command_line.pid)) and time.monotonic() < deadline:
        time.sleep(0.1)

    assert command_line.returncode == 130
    assert first.startswith("[1/40]")
    assert "Traceback" not in rest
    assert rest.splitlines()[-1].strip().endswith("--engine loop --out runs/digits --resume")
    assert any((tmp_path / "runs/digits/members").glob("*.json"))
    assert left == []


def _living(group: int) -> list[str]:
    """Lines of the processes of a group and session that have not ended."""
    lines = map(_read_stat, Path("/proc").glob("[0-9]*/stat"))
    return [line for line in lines if f" {group} {group} " in line and ") Z " not in line]


def _read_stat(path: Path) -> str:
    """The line of a process, which ends with its group and session; nothing if it has ended."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""


def test_force_replaces_a_run(run: Run) -> None:
    run("tune", *QUICK, "--out", "run")
    refused = run("tune", *QUICK, "--out", "run")
    replaced = run("tune", *QUICK, "--out", "run", "--force")

    assert (refused.code, replaced.code) == (2, 0)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--p", "0,1.2"), "in [0, 1) in a grid; got p=1.2"),
        (("--p", "0,1"), "At p = 1 nothing would be left"),
        (("--p", "0"), "at least one p above 0"),
        (("--p", "0,x"), "--p takes numbers with commas between them, such as 0,0.1,0.2"),
        (("--seeds", "1001"), "from 1 to 1,000; got 1001"),
        (("--seeds", "0"), "from 1 to 1,000; got 0"),
        (("--hidden", "20;10"), "--hidden takes numbers"),
        (("--hidden", "20,0"), "--hidden takes positive widths"),
        (("--hidden", "20", "--model", "a:b"), "leave it out with --model"),
        (("--activation", "swish"), "--activation is one of leaky_relu"),
        (("--optimizer", "lion"), "optimizer is one of adam"),
        (("--lr", "-1"), "lr is a finite number above 0"),
        (("--epochs", "0"), "epochs is at least 1"),
        (("--batch-size", "0"), "batch_size is at least 1"),
        (("--resume",), "--resume is about the run in a directory; name it with --out"),
        (("--out", "x", "--resume", "--force"), "choose one"),
        (("--workers", "2", "--dask", "tcp://x:1"), "choose one"),
        (("--workers", "-1"), "workers is from 0 to 1,000; got -1"),
        (("--model", "no_such_module:f"), "cannot be imported"),
        (("missing.csv", "--target", "y"), "missing.csv"),
        (("mnist", "--data-dir", "nowhere"), "nowhere"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_two(
    run: Run, tmp_path: Path, words: tuple[str, ...], message: str
) -> None:
    outcome = run("tune", *words)

    assert outcome.code == 2
    assert outcome.err.startswith("Error: ")
    assert message in outcome.err
    assert "Traceback" not in outcome.err
    assert outcome.out == ""
    assert list(tmp_path.iterdir()) == []


def _write(name: str, frame: dict[str, list[object]]) -> None:
    pd.DataFrame(frame).to_csv(name, index=False)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        ({"x": [1.0] * 9, "y": ["a"] * 9}, "one value only"),
        ({"x": [], "y": []}, "x.csv"),
        ({"x": [1, 2, 3, 4], "y": [*"abcd"]}, "class"),
        ({"x": [1, 2, 3], "z": [1, 2, 3]}, "y"),
    ],
)
def test_data_that_teach_nothing_are_refused(
    run: Run, tmp_path: Path, frame: dict[str, list[object]], message: str
) -> None:
    _write("x.csv", frame)
    outcome = run("tune", "x.csv", "--target", "y", *QUICK)

    assert outcome.code == 2
    assert outcome.err.startswith("Error: ")
    assert message in outcome.err
    assert not (tmp_path / "runs").exists()


def test_help_shows_an_example(run: Run) -> None:
    outcome = run("tune", "--help")

    assert outcome.code == 0
    assert "torchdrop tune wine.csv --target quality" in " ".join(outcome.out.split())
