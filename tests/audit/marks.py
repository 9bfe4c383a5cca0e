"""Marks in cases and snippets: `# <- DRP101` says what an audit shall find on its line."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

_MARK = re.compile(r"#\s*<-\s*((?:DRP\d{3}[ ,]*)+)")
_LAYER = re.compile(r"#\s*layer:\s*(source|model|run)")


def marks(text: str) -> Counter[tuple[int, str]]:
    """Lines and ids of all marks."""
    return Counter(_marks(text))


def _marks(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.splitlines(), start=1):
        found = _MARK.search(line)
        if found:
            yield from ((number, name) for name in re.findall(r"DRP\d+", found[1]))


def layer_of(path: Path) -> str:
    """Which layer of the auditor a snippet is for, by the comment in its first line."""
    first, _, _ = path.read_text(encoding="utf-8").partition("\n")
    found = _LAYER.search(first)
    return found[1] if found else "source"
