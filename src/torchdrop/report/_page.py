"""The page: one HTML file that holds everything it shows and asks no network for anything."""

from __future__ import annotations

import os
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from ..tuning import TuningResult
from . import _table, _words
from ._beyond import beyond_of
from ._color import rate_colors
from ._curves import curve_figures, loss_range, panels
from ._differences import differences_figure
from ._gap import epochs_figure, gap_figure
from ._loss import loss_figure
from ._network import Drawing, drawing
from ._numbers import typographic


def render_html(result: TuningResult) -> str:
    """Write the report of a sweep as one self-contained page.

    Args:
        result: The finished sweep.

    Returns:
        An HTML document with its style, figures and script inside; the same for the same result.
    """
    rows = _table.rows(result)
    return (
        environment()
        .get_template("page.html")
        .render(
            result=result,
            verdict=result.verdict,
            mark=_table.mark(result),
            marked={row.p for row in rows if row.marked},
            has_intervals=any(
                s.validation_loss and s.validation_loss.low is not None for s in result.summaries
            ),
            has_differences=any(
                s.difference and s.difference.low is not None for s in result.summaries
            ),
            effect=_words.effect(result),
            diverged=_words.diverged(result),
            facts=_words.facts(result),
            settings=_words.settings(result),
            headings=_table.headings(result),
            rows=rows,
            colors=rate_colors([summary.p for summary in result.summaries]),
            loss=loss_figure(result),
            differences=differences_figure(result),
            curves=curve_figures(result),
            logarithmic=loss_range(panels(result))[2],
            gap=gap_figure(result),
            epochs=epochs_figure(result),
            network=_network(result),
            beyond=beyond_of(result),
        )
    )


def write_html(result: TuningResult, path: Path) -> Path:
    """Write the page to a file, which is there whole or not at all.

    Args:
        result: The finished sweep.
        path: The file; its folder exists. An existing file is replaced.

    Returns:
        `path`.
    """
    return write_whole(render_html(result), path)


def write_whole(html: str, path: Path) -> Path:
    """Write a document to a file, which is there whole or not at all."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_text(html, encoding="utf-8", newline="\n")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    return path


def _network(result: TuningResult) -> Drawing | None:
    rate = _words.compared(result)
    if result.layout is None or rate is None:
        return None
    return drawing(result.layout, rate.p)


def environment() -> Environment:
    """Where the templates of pages are read; what they are given is text, never markup."""
    environment = Environment(
        loader=PackageLoader(__package__ or "torchdrop.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["typographic"] = typographic
    return environment
