"""What `torchdrop tune` says before and after training."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from ..report import beyond_of, render_beyond, render_table, render_verdict
from ..tuning import Start, TuningResult
from ._console import results


def show(result: TuningResult, report: Path, *, quiet: bool) -> None:
    """Print the table, the verdict, and the report's path as the last line."""
    console = results()
    if not quiet:
        console.print(render_table(result))
        console.print(render_verdict(result))
        if shown := beyond_of(result):
            console.print(render_beyond(shown))
    console.print(f"report: {report}" if not quiet else str(report), markup=False, soft_wrap=True)


def introduce(start: Start) -> str:
    """Say what is about to be trained, and how."""
    data, plan = start.data, start.plan
    training, validation, test = data.rows
    shape = "x".join(map(str, data.shape))
    target = f"{len(data.classes)} classes" if data.classes else "a number to predict"
    rows = f"{training:,} training, {validation:,} validation and {test:,} test rows"
    engine = "one after the other" if plan.members == 1 else f"up to {plan.members:,} at once"
    how = f"Networks are trained {engine} ({plan.engine} engine: {plan.reason})."
    return "\n".join([f"{data.name}: {rows} of {shape}, {target}.", *data.notes, how, *start.notes])


def say_how_to_go_on(directory: Path) -> str:
    """Repeat the user's command as one that resumes."""
    words = [word for word in sys.argv[1:] if word not in ("--force", "--resume")]
    if not any(word == "--out" or word.startswith("--out=") for word in words):
        words += ["--out", str(directory)]
    command = shlex.join(["torchdrop", *words, "--resume"])
    return f"Stopped. Finished networks are kept in {directory}; to go on:\n  {command}"
