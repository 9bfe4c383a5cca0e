"""`torchdrop audit`: mistakes with dropout and modes in source code and models."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Annotated

import typer

from ..audit import Severity
from ..errors import TorchdropError
from ._audit_run import CLEAN, FAILED, FOUND, Request, run, split
from ._audit_show import Format, show_page, show_rules
from ._console import errors

_INTERRUPTED = 130  # as shells say it: 128 and the signal's number


def audit(
    targets: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PATHS",
            help="Files and folders, read and never run; by default this folder. A "
            "package.module:callable is a model: it is imported, built and looked at.",
        ),
    ] = None,
    select: Annotated[
        list[str] | None,
        typer.Option(help="Only rules whose ids begin so: DRP1,DRP203; or names."),
    ] = None,
    ignore: Annotated[
        list[str] | None, typer.Option(help="No rules whose ids begin so; or names.")
    ] = None,
    severity: Annotated[
        Severity | None,
        typer.Option(help="The least that is shown and counts. By default advice is only shown."),
    ] = None,
    format_: Annotated[Format, typer.Option("--format", help="How findings are written.")] = "text",
    output: Annotated[
        Path | None, typer.Option(help="Write findings to this file, not to standard output.")
    ] = None,
    fix: Annotated[bool, typer.Option("--fix", help="Apply the fixes that are safe.")] = False,
    diff: Annotated[
        bool, typer.Option("--diff", help="Show what --fix would change, and change nothing.")
    ] = False,
    baseline: Annotated[
        Path | None, typer.Option(help="Findings in this file do not count.")
    ] = None,
    write_baseline: Annotated[
        Path | None, typer.Option(help="Write all findings to this file, as a baseline.")
    ] = None,
    exit_zero: Annotated[
        bool, typer.Option("--exit-zero", help="Exit with 0 whatever is found.")
    ] = False,
    workers: Annotated[
        int | None, typer.Option(min=1, help="Processes; by default one per core.")
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            help="For a model: shape of a random input, such as 1,3,224,224; for whole numbers "
            "below 1000, 1,128:1000. Once for each argument.",
        ),
    ] = None,
    explain: Annotated[
        str | None, typer.Option(metavar="RULE", help="Show the page of a rule, and stop.")
    ] = None,
    list_rules: Annotated[
        bool, typer.Option("--list-rules", help="Show all rules, and stop.")
    ] = False,
) -> None:
    """Find mistakes with dropout and train/eval modes; exit with 1 if there are any."""
    if explain is not None:
        return show_page(explain)
    if list_rules:
        return show_rules()
    request = Request(
        targets=tuple(targets or ["."]),
        select=split(select),
        ignore=split(ignore),
        severity=severity,
        format=format_,
        output=output,
        fix=fix,
        diff=diff,
        baseline=baseline,
        write_baseline=write_baseline,
        workers=workers,
        inputs=tuple(inputs or ()),
    )
    try:
        code = run(request)
    except TorchdropError:
        raise
    except KeyboardInterrupt:
        errors.print("Stopped.")
        code = _INTERRUPTED
    except Exception:  # noqa: BLE001 - Python would exit with 1, which says that there are findings
        traceback.print_exc()
        errors.print("This is a mistake in torchdrop, not in your code; please report it.")
        code = FAILED
    raise typer.Exit(CLEAN if code == FOUND and exit_zero else code)
