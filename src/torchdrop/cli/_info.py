"""`torchdrop info`: versions, processor, which kernel runs, and which library multiplies."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer
from rich.table import Table

from ..benchmarks import Machine, describe_machine
from ..kernels import choose_routes, onednn_obstacle
from ._console import results

# Rows, inputs and outputs: a wide layer, and the first of the chapter's network.
_EXAMPLES = ((128, 1024, 1024), (128, 300, 200))


def info(
    as_json: Annotated[bool, typer.Option("--json", help="Print the facts as JSON.")] = False,
) -> None:
    """Say which kernel runs here and why, which library multiplies, and what they run on."""
    machine, products = describe_machine(), _products()
    if as_json:
        print(json.dumps({**machine.to_dict(), "products": products}, indent=2))  # noqa: T201
    else:
        results().print(_render(machine, products))


def _products() -> dict[str, Any]:
    """Choose the library for two layers, measuring if this machine has not yet."""
    if obstacle := onednn_obstacle():
        return {"onednn": False, "reason": obstacle, "examples": {}}
    examples = {"x".join(map(str, shape)): choose_routes(*shape).to_dict() for shape in _EXAMPLES}
    return {"onednn": True, "reason": "where it is faster", "examples": examples}


def _in_words(products: dict[str, Any]) -> str:
    if not products["onednn"]:
        return f"torch's own: {products['reason']}"
    lines = [f"oneDNN {products['reason']}, else torch's own; here"]
    for shape, routes in products["examples"].items():
        parts = (f"{name.replace('_', ' ')} {library}" for name, library in routes.items())
        lines.append(f"{shape}: {', '.join(parts)}")
    return "\n".join(lines)


def _render(machine: Machine, products: dict[str, Any]) -> Table:
    kernel = machine.kernel
    if machine.instruction_set:
        kernel += f" ({machine.instruction_set})"
    table = Table.grid(padding=(0, 2))
    for name, fact in (
        ("torchdrop", machine.torchdrop),
        ("mask stream", f"version {machine.stream}"),
        ("kernel", kernel),
        ("because", machine.reason),
        ("matrix products", _in_words(products)),
        ("torch", machine.torch),
        ("Python", machine.python),
        ("system", machine.system),
        ("processor", machine.cpu),
        ("cores", str(machine.cores)),
        ("torch's threads", str(machine.threads)),
    ):
        table.add_row(name, fact)
    return table
