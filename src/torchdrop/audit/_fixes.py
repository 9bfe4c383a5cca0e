"""Mend source code: safe edits are tried one by one, and kept where their finding goes away."""

from __future__ import annotations

import ast
import io
import tokenize
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..errors import SettingError
from ._finding import Edit, Finding

Audit = Callable[[str], Sequence[Finding]]
"""Gives the findings in a text that stands in the file's place."""

_STAYS = "the finding would not go away"


@dataclass(frozen=True, slots=True)
class Left:
    """A safe fix that was not applied.

    Attributes:
        finding: What it would mend.
        reason: Why it was not, in a few words.
    """

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Mended:
    """What became of a text.

    Attributes:
        before: The text.
        after: With all fixes that were applied.
        applied: Findings that are gone by them.
        left: Findings whose fix was not applied.
        findings: What an audit finds in `after`.
    """

    before: str
    after: str
    applied: tuple[Finding, ...]
    left: tuple[Left, ...]
    findings: tuple[Finding, ...]


def apply_edits(text: str, edits: Sequence[Edit]) -> str:
    """Replace pieces of a text.

    Args:
        text: The text.
        edits: What to replace; those that say the same count once.

    Returns:
        The text with all edits.

    Raises:
        SettingError: If two of them overlap.

    Example:
        >>> apply_edits("dropout(x)", [Edit(9, 9, ", 0.5"), Edit(0, 0, "F.")])
        'F.dropout(x, 0.5)'
    """
    ordered = sorted(set(edits), key=lambda edit: (edit.start, edit.end))
    if any(_overlap(one, other) for one, other in pairwise(ordered)):
        raise SettingError("two edits overlap; apply one of them.")
    for edit in reversed(ordered):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def mend(text: str, findings: Sequence[Finding], audit: Audit) -> Mended:
    """Apply every safe fix that removes its finding and does no harm.

    A fix is kept if the text still parses, its rule finds less than before, and no other rule finds
    a new error or warning. Where two overlap, the first is applied.

    Args:
        text: Of a file.
        findings: Of that text.
        audit: Looks at a changed text.

    Returns:
        The text afterwards, and what happened to each fix.
    """
    applied: list[Finding] = []
    left: list[Left] = []
    edits: list[Edit] = []
    state = _State(text, tuple(audit(text)))
    first = Counter(x.rule for x in state.findings)
    for finding in findings:
        if finding.fix is None or not finding.fix.edits:
            continue
        new = [edit for edit in finding.fix.edits if edit not in edits]
        if any(_overlap(one, other) for one in new for other in edits):
            left.append(Left(finding, "it overlaps with another; run --fix again"))
            continue
        if new:
            tried = _try(apply_edits(text, [*edits, *new]), finding, state, audit)
        else:  # another fix was the same; each removed finding counts for one
            gone = first[finding.rule] - sum(x.rule == finding.rule for x in state.findings)
            done = sum(x.rule == finding.rule for x in applied)
            tried = state if gone > done else _STAYS
        if isinstance(tried, str):
            left.append(Left(finding, tried))
        else:
            state = tried
            edits += new
            applied.append(finding)
    return Mended(text, state.text, tuple(applied), tuple(left), state.findings)


def encode(original: bytes, text: str) -> bytes:
    """Write a changed text as its file was written.

    Args:
        original: Content of the file before.
        text: What shall stand in it, its lines ended as on Unix.

    Returns:
        Bytes with the encoding, byte order mark and line ends of the original.

    Raises:
        SettingError: If the original mixes line ends.
    """
    encoding, _ = tokenize.detect_encoding(io.BytesIO(original).readline)
    written = original.decode(encoding)
    windows = written.count("\r\n")
    if written.count("\r") > windows or 0 < windows < written.count("\n"):
        raise SettingError("a file that mixes line ends is not rewritten; give it one kind first.")
    return (text.replace("\n", "\r\n") if windows else text).encode(encoding)


@dataclass(frozen=True, slots=True)
class _State:
    """A text, and what is found in it."""

    text: str
    findings: tuple[Finding, ...]


def _try(changed: str, finding: Finding, state: _State, audit: Audit) -> _State | str:
    """The state with a fix, or why it shall not be kept."""
    try:
        ast.parse(changed)
        after = tuple(audit(changed))
    except (SyntaxError, ValueError) as error:
        return f"the file would not parse: {error}"
    return _harm(finding, state.findings, after) or _State(changed, after)


def _overlap(one: Edit, other: Edit) -> bool:
    if one.start == one.end and other.start == other.end:
        return one.start == other.start
    return one.start < other.end and other.start < one.end


def _harm(finding: Finding, before: Sequence[Finding], after: Sequence[Finding]) -> str | None:
    """Why a fix shall not be kept; `None` if it does what it should."""
    then, now = Counter(x.rule for x in before), Counter(x.rule for x in after)
    if now[finding.rule] >= then[finding.rule]:
        return _STAYS
    grave = Counter(x.rule for x in after if x.severity != "advice")
    worse = [rule for rule in sorted(grave) if grave[rule] > then[rule]]
    return f"{worse[0]} would come in its place" if worse else None
