"""Comments that silence findings: `# torchdrop: ignore[DRP101] reason`, `# noqa: DRP101`."""

from __future__ import annotations

import io
import re
import tokenize
from dataclasses import dataclass, field

_COMMENT = re.compile(r"#\s*torchdrop:\s*(ignore-file|ignore)\s*(?:\[([^\]]*)\])?")
_NOQA = re.compile(r"#\s*noqa\s*:((?:[\s,]*[A-Z]+\d+)+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Silence:
    """What comments in a file silence.

    Attributes:
        lines: For each line with a comment, the rules' ids; empty for all rules.
        file: Ids for the whole file; `None` if no comment says so, empty for all rules.
    """

    lines: dict[int, frozenset[str]] = field(default_factory=dict)
    file: frozenset[str] | None = None

    def covers(self, rule: str, first: int, last: int) -> bool:
        """Whether a finding of a rule on these lines is silenced."""
        if self.file is not None and (not self.file or rule in self.file):
            return True
        named = (self.lines.get(line) for line in range(first, last + 1))
        return any(ids is not None and (not ids or rule in ids) for ids in named)


def read_silence(text: str) -> Silence:
    """Find the comments.

    Args:
        text: Of a file that can be parsed.

    Returns:
        What they silence.
    """
    if not any(mark in text for mark in ("torchdrop:", "noqa", "NOQA")):
        return Silence()
    lines: dict[int, frozenset[str]] = {}
    file: frozenset[str] | None = None
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.COMMENT:
            continue
        if named := _named(token.string):
            lines[token.start[0]] = named
        found = _COMMENT.search(token.string)
        if found is None:
            continue
        ids = frozenset(x.strip().upper() for x in (found[2] or "").split(",") if x.strip())
        if found[1] == "ignore-file":
            file = ids if file is None else file | ids
        else:
            lines[token.start[0]] = ids
    return Silence(lines, file)


def _named(comment: str) -> frozenset[str]:
    """Our ids in a `noqa`; one without ids is of other linters, and not for us."""
    found = _NOQA.search(comment)
    ids = re.findall(r"[A-Z]+\d+", found[1].upper()) if found else []
    return frozenset(x for x in ids if x.startswith("DRP"))
