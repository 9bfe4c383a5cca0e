"""`torchdrop info`: versions, processor, and which kernel runs."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.table import Table

from ..benchmarks import Machine, describe_machine
from ._console import results


def info(
    as_json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """Say which kernel runs here and why, and what it runs on."""
    machine = describe_machine()
    if as_json:
        print(json.dumps(machine.to_dict(), indent=2))  # noqa: T201
    else:
        results().print(_render(machine))


def _render(machine: Machine) -> Table:
    kernel = machine.kernel
    if machine.instruction_set:
        kernel += f" ({machine.instruction_set})"
    table = Table.grid(padding=(0, 2))
    for name, fact in (
        ("torchdrop", machine.torchdrop),
        ("mask stream", f"version {machine.stream}"),
        ("kernel", kernel),
        ("because", machine.reason),
        ("torch", machine.torch),
        ("Python", machine.python),
        ("system", machine.system),
        ("processor", machine.cpu),
        ("cores", str(machine.cores)),
        ("torch's threads", str(machine.threads)),
    ):
        table.add_row(name, fact)
    return table
