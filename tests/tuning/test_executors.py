"""A sweep trained by workers comes to what one process makes of it, whatever happens to them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from importlib import import_module
from multiprocessing import active_children, get_context
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import torch
from torch import nn

from torchdrop import networks
from torchdrop.data import Dataset
from torchdrop.errors import ModelError, SettingError, TorchdropError
from torchdrop.training import Epoch, TrainingSettings
from torchdrop.tuning import Progress, TuningResult, tune
from torchdrop.tuning._crew import pack, unpack
from torchdrop.tuning._executors import choose_crew
from torchdrop.tuning._grid import Grid
from torchdrop.tuning._unit import Job, Outcome, train_unit
from torchdrop.tuning._units import cut

RECIPE = networks.MLP((2, 16, 3))
QUICK: dict[str, Any] = {"p": [0.2, 0.4], "seeds": 2, "epochs": 3, "lr": 0.01, "engine": "loop"}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """The number of threads may change how torch rounds; workers get a share of this process's."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def factories(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The module of networks that workers can import."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    return import_module("worker_factories")


def _losses(epochs: tuple[Epoch, ...]) -> list[tuple[float, ...]]:
    return [(e.noisy_training_loss, e.training_loss, e.validation_loss) for e in epochs]


def _figures(result: TuningResult) -> list[Any]:
    """All that members hold, but for how long they took."""
    return [
        (m.p, m.seed, m.test_loss, m.test_accuracy, _losses(m.history.epochs))
        for m in result.members
    ]


def test_worker_processes_train_what_one_process_trains_bit_for_bit(
    small_data: Dataset, tmp_path: Path
) -> None:
    seen: list[Progress] = []
    here = tune(RECIPE, small_data, **QUICK)
    there = tune(
        *(RECIPE, small_data),
        workers=2,
        out=tmp_path / "run",
        on_progress=seen.append,
        **QUICK,
    )

    assert _figures(there) == _figures(here)
    assert there.verdict == here.verdict
    assert [progress.done for progress in seen if progress.finished] == [1, 2, 3, 4, 5, 6]
    assert sum(progress.finished is None for progress in seen) <= 6 * 3
    assert active_children() == []


def test_stacks_are_trained_by_workers_as_they_are_here_bit_for_bit(small_data: Dataset) -> None:
    job = Job(RECIPE, small_data, TrainingSettings(epochs=3, lr=0.01), "stacked")
    here: dict[tuple[float, int], Outcome] = {}
    for unit in cut(Grid.of(QUICK["p"], 2), "stacked", 2):
        train_unit(
            *(job, unit),
            on_epoch=lambda cell, epoch: None,
            on_outcome=lambda outcome: here.update({outcome.cell: outcome}),
        )
    there = tune(RECIPE, small_data, workers=2, **{**QUICK, "engine": "stacked"})

    for member in there.members:
        alone = here[member.p, member.seed].member
        assert _losses(member.history.epochs) == _losses(alone.history.epochs)
        assert member.test_loss == alone.test_loss


def test_threads_of_one_process_take_turns_and_come_to_the_same(small_data: Dataset) -> None:
    with ThreadPoolExecutor(4) as executor:
        there = tune(RECIPE, small_data, executor=executor, **QUICK)

    assert _figures(there) == _figures(tune(RECIPE, small_data, **QUICK))


def test_a_worker_that_dies_is_replaced_and_its_unit_trained_again(
    small_data: Dataset, tmp_path: Path, factories: Any
) -> None:
    deadly = factories.Deadly(tmp_path / "deaths", p=0.4, times=2)
    there = tune(deadly, small_data, workers=1, **QUICK)

    assert len((tmp_path / "deaths").read_text()) == 2
    assert _figures(there) == _figures(tune(RECIPE, small_data, **QUICK))


def test_a_unit_that_kills_every_worker_ends_the_sweep_and_what_is_finished_is_kept(
    small_data: Dataset, tmp_path: Path, factories: Any
) -> None:
    deadly = factories.Deadly(tmp_path / "deaths", p=0.4, times=99)
    settings = {**QUICK, "seeds": 1, "out": tmp_path / "run"}
    with pytest.raises(TorchdropError, match=r"died 3 times while p=0.4 seed 0 .*--resume"):
        tune(deadly, small_data, workers=1, **settings)
    seen: list[Progress] = []
    resumed = tune(deadly, small_data, existing="resume", on_progress=seen.append, **settings)

    assert len((tmp_path / "deaths").read_text()) == 3
    assert {(progress.p, progress.seed) for progress in seen} == {(0.4, 0)}
    assert _figures(resumed) == _figures(tune(RECIPE, small_data, **{**QUICK, "seeds": 1}))


def test_an_error_in_training_is_raised_at_once(
    small_data: Dataset, tmp_path: Path, factories: Any
) -> None:
    with pytest.raises(ZeroDivisionError, match="a mistake in the network"):
        tune(factories.Failing(tmp_path / "calls"), small_data, workers=1, **QUICK)

    assert (tmp_path / "calls").read_text() == "x"
    assert active_children() == []


def test_an_executors_dead_worker_is_its_owners_affair(
    small_data: Dataset, tmp_path: Path, factories: Any
) -> None:
    deadly = factories.Deadly(tmp_path / "deaths", p=0.0, times=1)
    with (
        ProcessPoolExecutor(1, mp_context=get_context("spawn")) as executor,
        pytest.raises(TorchdropError, match="start a new one, and go on with existing='resume'"),
    ):
        tune(deadly, small_data, executor=executor, **QUICK)


class _Waiting(ThreadPoolExecutor):
    """One thread, which trains its second unit only after it has been shut down."""

    def __init__(self) -> None:
        super().__init__(1)
        self.units = 0
        self.ended = Event()

    def submit(self, *args: Any, **kwargs: Any) -> Future[Any]:
        self.units += 1
        if self.units == 2:
            super().submit(self.ended.wait, 60)
        return super().submit(*args, **kwargs)

    def end(self) -> None:
        self.shutdown(wait=False, cancel_futures=True)
        self.ended.set()


def test_an_executor_that_is_shut_down_ends_the_sweep_and_what_is_finished_is_kept(
    small_data: Dataset, tmp_path: Path
) -> None:
    with (
        _Waiting() as executor,
        pytest.raises(TorchdropError, match=r"start it again, and go on with --resume"),
    ):
        tune(
            *(RECIPE, small_data),
            executor=executor,
            out=tmp_path / "run",
            on_progress=lambda progress: executor.end(),
            **QUICK,
        )

    assert executor.units > 1
    assert len(list((tmp_path / "run" / "members").glob("*.json"))) == 1


_SWEEP = """
import sys
from multiprocessing import active_children
from torchdrop import data, networks, tune

if __name__ == "__main__":
    pids = set()
    def tell(progress):
        found = {process.pid for process in active_children()}
        if len(found) == 2 and not pids:
            pids.update(found)
            print(*pids, flush=True)
    recipe, digits = networks.MLP((64, 16, 10)), data.load("digits")
    tune(recipe, digits, engine="loop", workers=2, epochs=10_000, on_progress=tell)
"""


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_workers_end_when_the_sweep_is_killed(tmp_path: Path) -> None:
    (tmp_path / "sweep.py").write_text(_SWEEP)
    with subprocess.Popen(
        [sys.executable, tmp_path / "sweep.py"], stdout=subprocess.PIPE, text=True
    ) as sweep:
        assert sweep.stdout
        workers = [int(pid) for pid in sweep.stdout.readline().split()]
        before = [_is_alive(pid) for pid in workers]
        os.kill(sweep.pid, signal.SIGKILL)
    deadline = time.monotonic() + 10
    while any(map(_is_alive, workers)) and time.monotonic() < deadline:
        time.sleep(0.05)

    assert before == [True, True]
    assert not any(map(_is_alive, workers))


def test_a_local_function_is_refused_before_any_work(small_data: Dataset, tmp_path: Path) -> None:
    def local(p: float) -> nn.Module:
        raise AssertionError

    for make in (local, lambda p: networks.mlp(2, 16, 3, p=p)):
        with pytest.raises(ModelError, match="define it with `def` at the top of a module"):
            tune(make, small_data, workers=2, out=tmp_path / "run", **QUICK)

    assert not (tmp_path / "run").exists()


def test_a_function_of_the_main_script_is_refused_where_workers_do_not_have_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def build(p: float) -> nn.Module:
        return networks.mlp(2, 16, 3, p=p)

    monkeypatch.setattr(build, "__module__", "__main__")
    monkeypatch.setattr(build, "__qualname__", "build")
    monkeypatch.setattr(sys.modules["__main__"], "build", build, raising=False)

    assert choose_crew(2, None, build)
    with (
        ProcessPoolExecutor(1) as executor,
        pytest.raises(ModelError, match="put it into a module that they can import"),
    ):
        choose_crew(0, executor, build)


def test_other_versions_are_refused(small_data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    content = pack(Job(RECIPE, small_data, TrainingSettings(), "loop"))
    unpack.cache_clear()
    monkeypatch.setattr(torch, "__version__", "2.0.1+cpu")

    with pytest.raises(SettingError, match=r"one has torchdrop \S+ and torch 2.0.1\. Install"):
        unpack(content)


def test_a_job_is_unpacked_once(small_data: Dataset) -> None:
    content = pack(Job(RECIPE, small_data, TrainingSettings(), "loop"))

    assert unpack(content) is unpack(content)
    assert torch.equal(unpack(content).data.train.x, small_data.train.x)


@pytest.mark.parametrize("workers", [-1, 1001])
def test_the_number_of_workers_is_checked(workers: int) -> None:
    with pytest.raises(SettingError, match=f"from 0 to 1,000; got {workers}"):
        choose_crew(workers, None, RECIPE)


def test_workers_and_an_executor_exclude_each_other() -> None:
    with ThreadPoolExecutor(1) as executor, pytest.raises(SettingError, match="give one"):
        choose_crew(2, executor, RECIPE)
