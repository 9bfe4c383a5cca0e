"""The pages of all rules as files: `python -m torchdrop.audit.pages docs/rules`."""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

from ._rule import Rule
from .rules import RULES

_CHAPTERS = {"1": "Calls", "2": "Modes", "3": "The structure of a model", "4": "Runs"}
_ORIGIN = "<!-- Written by `make rules` from the rule's own file; change it there. -->"


def pages() -> dict[str, str]:
    """Write the documentation of the rules.

    Returns:
        Markdown by the name of its file: one page for each rule, and `index.md`.
    """
    return {"index.md": _index(), **{f"{rule.id}.md": _page(rule) for rule in RULES}}


def _page(rule: Rule) -> str:
    seen = "Source code shows it." if rule.check is not None else "Only a model or a run shows it."
    lines = (
        _ORIGIN,
        f"# {rule.id} {rule.name}",
        f"Severity: {rule.severity}, unless a finding says otherwise. {seen}",
        rule.page.strip(),
        "## Silencing",
        f"`# torchdrop: ignore[{rule.id}]` on the line, with a reason behind it; "
        "[all ways](../audit.md#silencing).",
    )
    return "\n\n".join(lines) + "\n"


def _index() -> str:
    parts = [
        _ORIGIN,
        "# Rules of the audit",
        "An error gives wrong results, a warning probably does, advice may help. An id never "
        "changes its meaning, and is the same in source code, a model and a run. How to use them: "
        "[audit](../audit.md).",
    ]
    for chapter, rules in groupby(RULES, key=lambda rule: rule.id[3]):
        rows = [f"| [{x.id}]({x.id}.md) | {x.name} | {x.severity} | {x.title} |" for x in rules]
        head = ["| id | name | severity | what it finds |", "|---|---|---|---|"]
        parts += [f"## {_CHAPTERS[chapter]}", "\n".join([*head, *rows])]
    return "\n\n".join(parts) + "\n"


def _write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    for old in folder.glob("DRP*.md"):
        if old.name not in wanted:
            old.unlink()
    for name, text in wanted.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    _write(Path(sys.argv[1]))
