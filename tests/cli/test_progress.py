import io

import pytest
from rich.console import Console

from torchdrop.cli._progress import _BarUpdate, _make_bar
from torchdrop.training import Epoch, History
from torchdrop.tuning import Member, Progress


def _epoch(number: int) -> Epoch:
    return Epoch(number, 1.0, 1.0, 1.0, 0.5, 0.1)


def _progress(done: int, cell: tuple[float, int], number: int, *, ends: bool = False) -> Progress:
    member = Member(*cell, History((_epoch(number),)), 1.0, 0.5) if ends else None
    return Progress(done, 4, *cell, 10, _epoch(number), member)


@pytest.fixture
def update() -> _BarUpdate:
    return _BarUpdate(_make_bar(Console(file=io.StringIO())))


def _position(update: _BarUpdate) -> float:
    assert update.task is not None
    return update.bar.tasks[0].completed


def test_networks_at_work_together_add_up(update: _BarUpdate) -> None:
    update(_progress(0, (0.0, 0), 3))
    update(_progress(0, (0.3, 0), 4))
    update(_progress(0, (0.0, 0), 5))

    assert _position(update) == 9
    assert update.bar.tasks[0].total == 40


def test_a_network_that_ends_early_counts_as_trained(update: _BarUpdate) -> None:
    update(_progress(0, (0.0, 0), 3))
    update(_progress(1, (0.0, 0), 3, ends=True))
    update(_progress(1, (0.3, 0), 2))

    assert _position(update) == 12


def test_a_network_that_begins_again_takes_the_bar_back(update: _BarUpdate) -> None:
    update(_progress(0, (0.0, 0), 8))
    update(_progress(0, (0.0, 0), 1))

    assert _position(update) == 1


def test_networks_of_an_earlier_sweep_are_counted(update: _BarUpdate) -> None:
    update(_progress(2, (0.0, 1), 5))

    assert _position(update) == 25
