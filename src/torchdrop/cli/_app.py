"""The `torchdrop` command with its sub-commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from importlib import import_module

import typer

from ..errors import TorchdropError
from ._console import errors

_EXAMPLES = {
    "tune": "torchdrop tune wine.csv --target quality --p 0,0.1,0.2",
    "report": "torchdrop report runs/digits",
    "predict": "torchdrop predict runs/wine new.csv --samples 100 --report page.html",
    "sites": "torchdrop sites my_file:build --input 8,3,32,32",
    "audit": "torchdrop audit src --fix",
    "info": "torchdrop info --json",
    "bench": "torchdrop bench kernel --quick",
}


def main() -> None:
    """Run the command line; a bad input is one sentence and exit code 2."""
    sys.path.insert(0, os.getcwd())  # so that `--model my_file:build` finds the user's own file
    named = [word for word in sys.argv[1:2] if word in _EXAMPLES]
    try:
        _build(named or _EXAMPLES)()
    except TorchdropError as error:
        errors.print(f"Error: {error}", style="red", markup=False, highlight=False)
        raise SystemExit(2) from None


def _build(names: Iterable[str]) -> typer.Typer:
    """Put the commands together; one that is not asked for, and what it imports, is left out."""
    app = typer.Typer(
        name="torchdrop",
        help="Find the dropout rate that helps, and how sure that is.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
        callback=lambda: None,  # so that a command by itself keeps its name
    )
    for name in names:
        command = getattr(import_module(f"._{name}", __package__), name)
        if isinstance(command, typer.Typer):
            app.add_typer(command, name=name)
        else:
            app.command(epilog=f"Example: {_EXAMPLES[name]}")(command)
    return app
