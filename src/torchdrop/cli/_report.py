"""`torchdrop report`: draw a finished run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..report import write_html
from ..tuning import REPORT, load_result
from ._tune_text import show


def report(
    run: Annotated[Path, typer.Argument(help="Directory of a finished run.")],
    quiet: Annotated[bool, typer.Option("--quiet", help="Only the report's path.")] = False,
) -> None:
    """Print the table and verdict of a finished run and draw its report again."""
    result = load_result(run)
    show(result, write_html(result, run / REPORT), quiet=quiet)
