import pytest

from torchdrop.tuning._grid import Grid
from torchdrop.tuning._units import cut, without

CHAPTER = Grid.of((0.0, 0.1, 0.2, 0.3, 0.4, 0.5), 5)


@pytest.mark.parametrize("engine", ["loop", "stacked"])
@pytest.mark.parametrize("seeds", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("workers", [None, 0, 1, 2, 3, 5, 40])
def test_units_hold_every_cell_once_and_in_order(
    engine: str, seeds: int, workers: int | None
) -> None:
    grid = Grid.of((0.2, 0.5), seeds)
    units = cut(grid, engine, workers)  # type: ignore[arg-type]

    assert [cell for unit in units for cell in unit] == grid.cells


@pytest.mark.parametrize("seeds", [1, 2, 3, 5, 8])
@pytest.mark.parametrize("rates", [(0.5,), (0.1, 0.2, 0.3)])
@pytest.mark.parametrize("workers", [None, 0, 1, 2, 3, 5, 40])
def test_no_stack_holds_a_single_cell(
    seeds: int, rates: tuple[float, ...], workers: int | None
) -> None:
    assert min(map(len, cut(Grid.of(rates, seeds), "stacked", workers))) >= 2


@pytest.mark.parametrize("workers", [1, 2, 3, 4, 5, 6, 7])
def test_no_worker_waits_for_more_than_a_few_cells(workers: int) -> None:
    """Every worker takes the next unit when it is free; units of a size take the same time."""
    sizes = [len(unit) for unit in cut(CHAPTER, "stacked", workers)]
    busy = [0] * workers
    for size in sizes:
        busy[busy.index(min(busy))] += size

    assert max(busy) <= len(CHAPTER.cells) / workers + 2


def test_stacks_are_of_whole_seeds_where_these_share_out_evenly() -> None:
    units = cut(Grid.of((0.3, 0.5), 8), "stacked", 2)

    assert [sorted({seed for _, seed in unit}) for unit in units] == [
        [0, 1],
        [2, 3],
        [4, 5],
        [6, 7],
    ]


def test_without_workers_all_cells_are_one_stack() -> None:
    assert cut(CHAPTER, "stacked", 0) == [tuple(CHAPTER.cells)]


@pytest.mark.parametrize("workers", [None, 0, 2, 5])
@pytest.mark.parametrize("most", [2, 3, 7, 100])
def test_no_stack_is_larger_than_the_largest(workers: int | None, most: int) -> None:
    sizes = [len(unit) for unit in cut(CHAPTER, "stacked", workers, most=most)]

    assert sum(sizes) == 30
    assert max(sizes) <= most


@pytest.mark.parametrize("workers", [None, 0, 1, 5])
def test_a_single_cell_is_a_unit_all_the_same(workers: int | None) -> None:
    assert cut(Grid((0.35,), 1), "stacked", workers) == [((0.35, 0),)]


def test_the_loop_trains_cell_by_cell() -> None:
    assert cut(CHAPTER, "loop", 2) == [(cell,) for cell in CHAPTER.cells]


def test_finished_cells_are_left_out_and_the_other_units_stay_what_they_were() -> None:
    units = cut(CHAPTER, "stacked", 2)
    left = without(units, {*units[0], units[1][0]})

    assert left == [units[1][1:], *units[2:]]


def test_a_lone_cell_joins_its_neighbor() -> None:
    units = cut(Grid.of((0.5,), 4), "stacked", 2)
    first, second, third, fourth = units

    assert without(units, {first[0]}) == [(first[1], *second), third, fourth]
    assert without(units, {third[1]}) == [first, (*second, third[0]), fourth]
    assert without(units, {c for unit in units for c in unit} - {third[0]}) == [(third[0],)]


def test_cells_of_the_loop_stay_alone() -> None:
    units = cut(CHAPTER, "loop", 2)

    assert without(units, {CHAPTER.cells[0]}) == units[1:]
