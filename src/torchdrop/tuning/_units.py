"""How the cells of a grid become units of work: few enough to be quick, enough for every worker."""

from __future__ import annotations

import math
from collections.abc import Container, Sequence
from itertools import pairwise

from ._grid import Grid
from ._unit import Cell, Engine

UNITS_PER_WORKER = 2
SMALLEST_STACK = 2

Unit = tuple[Cell, ...]


def cut(grid: Grid, engine: Engine, workers: int | None, *, most: int | None = None) -> list[Unit]:
    """Part a grid into units that are trained one after the other, or by several workers.

    The loop gains nothing from company, so its units are single cells. A stack is faster the more
    it holds: all cells are one where there are no workers, else about two for each of them, of
    whole seeds where these share out evenly, so that seeds finish one after the other and can be
    compared; else of cells in order of their seeds.

    Args:
        grid: What there is to train.
        engine: Who trains a unit.
        workers: How many units are in work at once; 0 for none but this process, `None` if nobody
            knows, for a stack of each seed.
        most: Largest stack; `None` for no limit.

    Returns:
        Units in the order of the grid's cells; together they hold each cell once. The result
        depends on nothing else, so that a resumed sweep finds the units it had.
    """
    cells = grid.cells
    if engine == "loop" or most == 1:
        return [(cell,) for cell in cells]
    count = max(_count(grid, workers), math.ceil(len(cells) / (most or len(cells))))
    return _evenly(cells, max(1, min(count, len(cells) // SMALLEST_STACK)))


def without(units: Sequence[Unit], finished: Container[Cell]) -> list[Unit]:
    """Leave out what is finished.

    Args:
        units: What `cut` returned.
        finished: Cells that need no training any more.

    Returns:
        The units that have something left. A stack that would be left with one cell goes to the
        one before it (or after it, at the start), unless it is the only one: the products of a
        stack of one may be rounded in another way.
    """
    stacked = any(len(unit) > 1 for unit in units)
    rest = [left for unit in units if (left := tuple(c for c in unit if c not in finished))]
    result: list[Unit] = []
    for unit in rest:
        lone = stacked and result and min(len(unit), len(result[-1])) < SMALLEST_STACK
        if lone:
            result[-1] += unit
        else:
            result.append(unit)
    return result


def _count(grid: Grid, workers: int | None) -> int:
    """How many stacks there should be."""
    if workers == 0:
        return 1
    if workers is None:
        return grid.seeds
    if grid.seeds % workers:
        return UNITS_PER_WORKER * workers
    rounds = UNITS_PER_WORKER if (grid.seeds // workers) % UNITS_PER_WORKER == 0 else 1
    return rounds * workers


def _evenly(cells: Sequence[Cell], count: int) -> list[Unit]:
    """Cut cells into `count` runs whose lengths differ by one at most."""
    bounds = [len(cells) * i // count for i in range(count + 1)]
    return [tuple(cells[start:end]) for start, end in pairwise(bounds)]
