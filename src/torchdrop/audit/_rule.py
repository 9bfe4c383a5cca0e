"""What a rule is: an id, a page of documentation, and what it looks at."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from ._finding import Fix, Severity
from .source import SourceFile

HEADINGS = ("What", "Why", "Example", "Instead", "Known problems", "References")


@dataclass(frozen=True, slots=True)
class Found:
    """What a rule reports about source code.

    Attributes:
        node: Where.
        message: What is wrong here, in one sentence.
        fix: How to mend it; `None` takes the rule's general advice.
        severity: If other than the rule's.
    """

    node: ast.AST
    message: str
    fix: Fix | None = None
    severity: Severity | None = None


SourceCheck: TypeAlias = Callable[[SourceFile], Iterator[Found]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of mistake. Model and run checks report it by its id.

    Attributes:
        id: `DRP` and three digits: 1 a call, 2 a mode, 3 a model's structure, 4 a run. It never
            changes its meaning.
        name: In words, joined by hyphens.
        severity: How bad it is, unless a finding says otherwise.
        why: Why it matters, in one sentence, with a number where one was measured.
        advice: How to mend it, in one sentence.
        page: The documentation in Markdown: the docstring of the rule's file, with `HEADINGS`.
        check: Looks at a source file; `None` for a rule that only models or runs can break.
    """

    id: str
    name: str
    severity: Severity
    why: str
    advice: str
    page: str
    check: SourceCheck | None = None

    @property
    def title(self) -> str:
        """The first line of the page, without its full stop."""
        return self.page.strip().partition("\n")[0].rstrip(".")

    def sections(self) -> dict[str, str]:
        """The parts of the page, by heading."""
        parts = re.split(rf"(?m)^## ({'|'.join(HEADINGS)})$", self.page)
        return {name: text.strip() for name, text in zip(parts[1::2], parts[2::2], strict=True)}
