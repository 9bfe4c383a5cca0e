import math

import pytest

from torchdrop.errors import SettingError
from torchdrop.tuning._grid import DEFAULT_RATES, Grid, SeedStreams


def test_the_default_grid_is_the_chapters() -> None:
    """Chapter point 17."""
    assert DEFAULT_RATES == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5)


def test_no_dropout_is_always_in_the_grid() -> None:
    assert Grid.of([0.3, 0.1, 0.3], seeds=2).rates == (0.0, 0.1, 0.3)


def test_whole_seeds_come_first() -> None:
    assert Grid.of([0.5], seeds=2).cells == [(0.0, 0), (0.5, 0), (0.0, 1), (0.5, 1)]


@pytest.mark.parametrize("p", [-0.1, 1.0, 1.5, math.nan])
def test_a_rate_outside_the_grids_range_is_refused(p: float) -> None:
    with pytest.raises(SettingError, match=r"in \[0, 1\) in a grid; got p="):
        Grid.of([0.0, p], seeds=5)


@pytest.mark.parametrize("p", [[], [0.0]])
def test_a_grid_with_nothing_to_compare_is_refused(p: list[float]) -> None:
    with pytest.raises(SettingError, match="at least one p above 0"):
        Grid.of(p, seeds=5)


@pytest.mark.parametrize("seeds", [0, -3, 1001])
def test_the_number_of_seeds_is_limited(seeds: int) -> None:
    with pytest.raises(SettingError, match="from 1 to 1,000"):
        Grid.of([0.5], seeds)


def test_seeds_and_their_streams_are_all_different() -> None:
    streams = [SeedStreams.of(seed) for seed in range(1000)]
    numbers = {n for s in streams for n in (s.weights, s.order, s.masks)}

    assert len(numbers) == 3000
    assert max(numbers) < 2**62
