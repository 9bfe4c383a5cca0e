"""Files and notebooks as text, and which of them an audit reads."""

from __future__ import annotations

import io
import json
import tokenize
from collections.abc import Iterable, Iterator
from pathlib import Path

from ...errors import TorchdropError

_SUFFIXES = (".py", ".ipynb")
_SKIPPED = (
    *(".git", ".hg", ".venv", "venv", "__pycache__", "build", "dist", "node_modules", ".tox"),
    *(".mypy_cache", ".ruff_cache", ".pytest_cache", ".eggs", ".ipynb_checkpoints"),
)


class Unreadable(TorchdropError):
    """A file that is no text, or no notebook."""


def read(path: Path) -> str:
    """Read a file; of a notebook, its code cells, one after the other.

    Lines that only IPython understands (`%magic`, `!command`) become comments, so that line
    numbers stay.

    Args:
        path: A `.py` or `.ipynb` file.

    Returns:
        Python source, whose lines end as on Unix.

    Raises:
        Unreadable: If its encoding is wrong, or it is no notebook.
    """
    try:
        content = path.read_bytes()
        if path.suffix == ".ipynb":
            return _cells(content)
        encoding, _ = tokenize.detect_encoding(io.BytesIO(content).readline)
        return content.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")
    except (OSError, UnicodeDecodeError, SyntaxError, LookupError) as error:
        raise Unreadable(f"{path} cannot be read: {error}.") from error


def find_cell(path: Path, line: int) -> tuple[int, int]:
    """Say where in a notebook a line of `read`'s text is.

    Args:
        path: Of the notebook.
        line: From 1.

    Returns:
        The number of the code cell, and of the line in it, both from 1.

    Raises:
        Unreadable: If it is no notebook.
    """
    # An empty line stands between two cells.
    heights = [source.count("\n") + 2 for source in _sources(path.read_bytes())]
    cell = 0
    while cell + 1 < len(heights) and line > heights[cell]:
        line -= heights[cell]
        cell += 1
    return cell + 1, line


def _cells(content: bytes) -> str:
    lines = "\n\n".join(_sources(content)).split("\n")
    return "\n".join(_without_magic(line) for line in lines) + "\n"


def _sources(content: bytes) -> list[str]:
    try:
        cells = json.loads(content)["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError) as error:
        raise Unreadable(f"it is no notebook of format 4: {error!r}") from error


def _without_magic(line: str) -> str:
    bare = line.lstrip()
    return f"{line[: len(line) - len(bare)]}pass  # {bare}" if bare[:1] in ("%", "!") else line


def find_files(paths: Iterable[Path]) -> Iterator[Path]:
    """List the files that an audit reads.

    Args:
        paths: Files, and folders, which are searched without hidden and built ones.

    Yields:
        `.py` and `.ipynb` files, sorted, each once.
    """
    seen: set[Path] = set()
    for path in paths:
        inside = sorted(_walk(path)) if path.is_dir() else [path]
        for file in inside:
            if file not in seen:
                seen.add(file)
                yield file


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir():
            if path.name not in _SKIPPED and not path.is_symlink():
                yield from _walk(path)
        elif path.suffix in _SUFFIXES:
            yield path


def module_name(path: Path) -> str:
    """Give a file's dotted name, as far as the folders around it are packages.

    Args:
        path: Of a file.

    Returns:
        Such as `package.layers`.
    """
    parts = [] if path.name == "__init__.py" else [path.stem]
    folder = path.resolve().parent
    while (folder / "__init__.py").exists():
        parts.insert(0, folder.name)
        folder = folder.parent
    return ".".join(parts)
