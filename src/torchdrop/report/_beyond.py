"""What lies beyond the grid: finer steps, one p per layer, and p that was learned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from markupsafe import Markup
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from ..tuning import (
    Interval,
    LearnedResult,
    NextRates,
    PerLayerResult,
    TuningResult,
    next_rates,
)
from ._learned_path import path_figure
from ._numbers import ends
from ._table import Cell


@dataclass(frozen=True, slots=True)
class Beyond:
    """What terminal and page show of it.

    Attributes:
        answers: Pairs of what was tried and what came out, in words.
        headings: Of the table of layers; empty if there is no table.
        rows: One for each dropout layer, a cell per heading.
        learned: Learned p against the epoch, for the page; `None` if p was not learned.
    """

    answers: tuple[tuple[str, str], ...]
    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    learned: Markup | None


def beyond_of(result: TuningResult) -> Beyond | None:
    """Collect what a sweep did beyond its grid.

    Args:
        result: The finished sweep.

    Returns:
        What to show; `None` if nothing was done.
    """
    refined = result.settings.get("beyond", {}).get("refine", False)
    refinement = next_rates(result.members) if refined else None
    return beyond(refinement, result.per_layer, result.learned)


def beyond(
    refinement: NextRates | None = None,
    per_layer: PerLayerResult | None = None,
    learned: LearnedResult | None = None,
) -> Beyond | None:
    """Collect what was done beyond the grid.

    Args:
        refinement: Why no finer rates follow, from `next_rates` of all members; `None` if rates
            were not refined.
        per_layer: The search of one p per layer; `None` if there was none.
        learned: The networks that learned p; `None` if there are none.

    Returns:
        What to show; `None` if nothing was done.
    """
    answers = {
        "Finer steps": refinement.reason if refinement else "",
        "One p per layer": per_layer.sentence if per_layer else "",
        "Learned p": learned.sentence if learned else "",
    }
    said = tuple((name, sentence) for name, sentence in answers.items() if sentence)
    if not said:
        return None
    columns = _columns(per_layer, learned)
    names = per_layer.layers if per_layer else learned.layers if learned else ()
    rows = tuple(
        (Cell(name), *(column.get(name, Cell("")) for column in columns.values()))
        for name in (names if columns else ())
    )
    figure = path_figure(learned) if learned and learned.rates else None
    return Beyond(said, ("layer", *columns) if columns else (), rows, figure)


def render_beyond(shown: Beyond) -> RenderableType:
    """Lay out what lies beyond the grid for a terminal, readable without color.

    Args:
        shown: From `beyond`.

    Returns:
        A line per answer, and the table of layers.
    """
    lines = [Text.assemble((f"{name}: ", "bold"), answer) for name, answer in shown.answers]
    if not shown.rows:
        return Group(*lines)
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for heading in shown.headings:
        table.add_column(heading, justify="left" if heading == "layer" else "right")
    for row in shown.rows:
        table.add_row(*(f"{cell.text} {cell.note}".rstrip() for cell in row))
    return Group(*lines, table)


def _columns(
    per_layer: PerLayerResult | None, learned: LearnedResult | None
) -> Mapping[str, Mapping[str, Cell]]:
    """Columns of the table by heading, cells by layer."""
    columns: dict[str, Mapping[str, Cell]] = {}
    if per_layer:
        shared = zip(per_layer.layers, per_layer.trials[0].rates, strict=True)
        columns["shared p"] = {name: Cell(f"{p:.3g}") for name, p in shared}
        columns["searched p"] = {name: Cell(f"{p:.3g}") for name, p in per_layer.rates.items()}
    if learned and learned.rates:
        columns["learned p"] = {name: _interval(p) for name, p in learned.rates.items()}
    return columns


def _interval(p: Interval) -> Cell:
    return Cell(f"{p.mean:.3f}", ends(p, 3))
