"""What the commands of `torchdrop bench` share: options, and how they show what they found."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from rich.console import Console

from ..benchmarks import Machine, Observer, Progress
from ..errors import SettingError
from ._console import results
from ._figures import Figures, render, to_markdown

_UNITS = {"k": 1 << 10, "M": 1 << 20}

Quick = Annotated[bool, typer.Option("--quick", help="A few cases, shortly: a first look.")]
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="Print the table as Markdown.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print all figures as JSON.")]


def show(
    figures: Figures, content: dict[str, Any], machine: Machine, markdown: bool, as_json: bool
) -> None:
    """Print the result in the one form asked for."""
    if as_json:
        print(json.dumps({"machine": machine.to_dict(), **content}, indent=2))  # noqa: T201
    elif markdown:
        print(to_markdown(figures))  # noqa: T201
    else:
        console = results()
        console.print(*render(figures, console.width), sep="\n\n")


def check_flags(*, markdown: bool, as_json: bool) -> None:
    """Refuse two forms of output at once."""
    if markdown and as_json:
        raise SettingError("--markdown and --json both name the form of the output; choose one.")


def numbers(text: str | None, option: str) -> list[int] | None:
    """Read whole numbers, of which `k` and `M` at the end make multiples of 1024."""
    if text is None:
        return None
    try:
        return [int(part.rstrip("kM")) * _UNITS.get(part[-1:], 1) for part in text.split(",")]
    except ValueError:
        raise SettingError(
            f"{option} takes whole numbers with commas between them, such as 32,64k,1M; got "
            f"{text!r}."
        ) from None


@contextmanager
def showing(console: Console) -> Iterator[Observer]:
    """Show the case at work: one status line on a terminal, a line per case in a log."""
    if not console.is_terminal:
        yield lambda progress: console.print(_line(progress), markup=False, highlight=False)
        return
    with console.status("") as status:
        yield lambda progress: status.update(_line(progress).replace("[", "\\["))


def _line(progress: Progress) -> str:
    return f"[{progress.done + 1}/{progress.total}] {progress.doing}"
