"""What an audit finds: records that any front end can show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, overload

Severity: TypeAlias = Literal["error", "warning", "advice"]
"""By what it costs: an error gives wrong results, a warning probably does, advice may help."""

SEVERITIES: tuple[Severity, ...] = ("error", "warning", "advice")

Layer: TypeAlias = Literal["source", "model", "run"]


@dataclass(frozen=True, slots=True)
class Edit:
    """A piece of text to replace.

    Attributes:
        start: Offset of the first character in the file.
        end: Offset behind the last one; equal to `start` to insert.
        text: What stands there afterwards.
    """

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """How to mend a finding.

    Attributes:
        message: What to do, in one sentence, for a person.
        edits: What to do, for `--fix`; none where it takes a person.
    """

    message: str
    edits: tuple[Edit, ...] = ()

    @property
    def is_safe(self) -> bool:
        """Whether it can be applied without asking."""
        return bool(self.edits)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something is: in a file, in a model, or both.

    Attributes:
        path: Of the file; `None` where it is not known.
        line: From 1.
        column: From 1, in characters.
        end_line: Of the last character.
        end_column: Behind the last character.
        module: Qualified name of a layer in the model; `None` where there is no model.
    """

    path: str | None = None
    line: int | None = None
    column: int | None = None
    end_line: int | None = None
    end_column: int | None = None
    module: str | None = None

    def __str__(self) -> str:
        parts = [str(x) for x in (self.path, self.line, self.column) if x is not None]
        inside = "the model" if self.module == "" else self.module
        return " ".join(x for x in (":".join(parts), f"({inside})" if inside else "") if x)


@dataclass(frozen=True, slots=True)
class Finding:
    """One mistake, or what looks like one.

    Attributes:
        rule: Its id, such as `DRP101`.
        name: The rule's name, such as `functional-dropout-always-on`.
        severity: How bad it is.
        place: Where it is.
        message: What is wrong here, in one sentence.
        why: Why that matters, in one sentence.
        fix: How to mend it; `None` where there is no general way.
        layer: What was looked at: source, a model, or a run.
    """

    rule: str
    name: str
    severity: Severity
    place: Place
    message: str
    why: str
    fix: Fix | None = None
    layer: Layer = "source"

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain JSON types."""
        place = self.place
        return {
            "rule": self.rule,
            "name": self.name,
            "severity": self.severity,
            "path": place.path,
            "line": place.line,
            "column": place.column,
            "end_line": place.end_line,
            "end_column": place.end_column,
            "module": place.module,
            "message": self.message,
            "why": self.why,
            "fix": self.fix.message if self.fix else None,
            "fixable": bool(self.fix and self.fix.is_safe),
            "layer": self.layer,
        }


@dataclass(frozen=True, slots=True)
class Findings(Sequence[Finding]):
    """All findings of an audit, in the order of their places.

    Attributes:
        items: The findings.
        files: Files that were read, or 0 for a model or a run.
        skipped: Files that could not be read, with the reason.
        suppressed: Findings that a comment or a baseline has silenced.
        notes: What else should be said, in sentences.
    """

    items: tuple[Finding, ...] = ()
    files: int = 0
    skipped: tuple[tuple[str, str], ...] = ()
    suppressed: int = 0
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self.items)

    @overload
    def __getitem__(self, index: int) -> Finding: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Finding]: ...
    def __getitem__(self, index: int | slice) -> Finding | Sequence[Finding]:
        return self.items[index]

    def of(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings of one severity."""
        return tuple(finding for finding in self.items if finding.severity == severity)

    def count(self, value: Any) -> int:
        """How often a finding, a rule's id or a severity occurs."""
        return sum(value in (item, item.rule, item.severity) for item in self.items)

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain JSON types."""
        return {
            "findings": [finding.to_dict() for finding in self.items],
            "files": self.files,
            "skipped": [{"path": path, "reason": reason} for path, reason in self.skipped],
            "suppressed": self.suppressed,
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        lines = [f"{x.place} {x.severity} {x.rule} {x.name}: {x.message}" for x in self.items]
        return "\n".join(lines) or "No findings."
