"""`torchdrop sites`: where a model drops, and whether it really does."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from ..sites import Site, find_sites, remarks
from ._console import results
from ._model import build_model, random_inputs


def sites(
    model: Annotated[
        str, typer.Argument(help="package.module:callable, which builds or is the model.")
    ],
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            help="Shape of a random input, such as 1,3,224,224; for whole numbers below 1000, "
            "1,128:1000. Once for each argument.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the map as JSON.")] = False,
) -> None:
    """Show every place where a model drops something, and with --input what it really drops."""
    example = random_inputs(inputs) if inputs else None
    found = find_sites(build_model(model), example)
    if as_json:
        print(json.dumps([site.to_dict() for site in found], indent=2))  # noqa: T201
        return
    console = results()
    if not found:
        console.print("No dropout was found.")
    else:
        console.print(_table(found, measured=example is not None))
    for sentence in remarks(found):
        console.print(sentence, markup=False)
    if example is None:
        console.print(
            "Give --input to see functional calls, the rates really applied, and what does not "
            "stop in evaluation mode."
        )


def _table(found: tuple[Site, ...], *, measured: bool) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("site", overflow="fold")
    table.add_column("kind")
    table.add_column("what", overflow="fold")
    table.add_column("p", justify="right")
    if measured:
        table.add_column("rate", justify="right")
    table.add_column("in eval")
    for heading in ("before", "after"):
        table.add_column(heading, overflow="fold")
    if measured:
        table.add_column("place", overflow="fold")
    for site in found:
        rate = [_rate(site)] if measured else []
        place = [site.place or ""] if measured else []
        table.add_row(
            site.name or "(model)",
            site.kind,
            site.what,
            _number(site.p),
            *rate,
            {True: "off", False: "ON", None: "?"}[site.follows_training],
            site.before or "",
            site.after or "",
            *place,
        )
    return table


def _number(p: float | None) -> str:
    return "?" if p is None else f"{p:.4g}"


def _rate(site: Site) -> str:
    if site.reached is False:
        return "unreached"
    return _number(None) if site.rate is None else f"{site.rate:.3f}"
