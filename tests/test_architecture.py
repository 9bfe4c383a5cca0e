"""The rules of the house that no linter checks."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import torchdrop

SOURCE = Path(torchdrop.__file__).parent
FILES = sorted(SOURCE.rglob("*.py"))
FORBIDDEN = {"util", "utils", "helper", "helpers", "misc", "common", "tools", "manager", "handler"}


def _name(path: Path) -> str:
    return str(path.relative_to(SOURCE))


def test_importing_the_package_loads_no_report_and_no_command_line() -> None:
    code = (
        "import sys, torchdrop; "
        "print([m for m in ('torchdrop.report', 'torchdrop.cli', 'matplotlib', 'jinja2',"
        " 'typer') if m in sys.modules])"
    )
    output = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert output.stdout.strip() == "[]"


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_files_are_short_and_say_what_they_are(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 400
    assert path.stem.strip("_") not in FORBIDDEN


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_functions_are_short(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            documented = ast.get_docstring(node) is not None
            body = node.body[1:] if documented else node.body
            length = body[-1].end_lineno - body[0].lineno + 1 if body else 0  # type: ignore[operator]

            assert length <= 40, f"{node.name} has {length} lines"


@pytest.mark.parametrize("path", FILES, ids=_name)
def test_only_modes_writes_the_mode(path: Path) -> None:
    writes = [
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr == "training"
        and isinstance(node.ctx, ast.Store)
    ]

    assert not writes or path.parent.name == "modes"
