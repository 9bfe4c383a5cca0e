"""The `torchdrop` command with its sub-commands."""

from __future__ import annotations

import os
import sys

import typer

from ..errors import TorchdropError
from ._bench import bench
from ._console import errors
from ._info import info
from ._predict import predict
from ._report import report
from ._sites import sites
from ._tune import tune

app = typer.Typer(
    name="torchdrop",
    help="Find the dropout rate that helps, and how sure that is.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command(epilog="Example: torchdrop tune wine.csv --target quality --p 0,0.1,0.2")(tune)
app.command(epilog="Example: torchdrop report runs/digits")(report)
app.command(epilog="Example: torchdrop predict runs/wine new.csv --out predictions.csv")(predict)
app.command(epilog="Example: torchdrop sites my_file:build --input 8,3,32,32")(sites)
app.command()(info)
app.add_typer(bench, name="bench")


def main() -> None:
    """Run the command line; a bad input is one sentence and exit code 2."""
    sys.path.insert(0, os.getcwd())  # so that `--model my_file:build` finds the user's own file
    try:
        app()
    except TorchdropError as error:
        errors.print(f"Error: {error}", style="red", markup=False, highlight=False)
        raise SystemExit(2) from None
