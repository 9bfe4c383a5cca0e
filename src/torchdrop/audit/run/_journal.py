"""What a watch has found so far: one finding for each rule and model, said once."""

from __future__ import annotations

import warnings
from collections.abc import Hashable
from typing import Literal

from ...errors import ModeError
from .._finding import Finding, Fix, Place, Severity
from ..rules import rule
from ._scene import Scene, look

OnFind = Literal["warn", "raise", "collect"]


class WatchWarning(UserWarning):
    """A watch found a mistake with dropout in a running program."""


class Journal:
    """Keeps findings, and says each once.

    Advice is kept and not said: it may be what was meant.

    Args:
        on_find: What to do with a new error or warning: `warn` at the user's line, `raise` a
            `ModeError`, or only `collect`.

    Attributes:
        notes: What else should be said, in sentences.
    """

    notes: list[str]

    def __init__(self, on_find: OnFind) -> None:
        self._on_find = on_find
        self._found: dict[Hashable, Finding] = {}
        self.notes = []

    def note(self, sentence: str) -> None:
        """Say something beside the findings, once.

        Args:
            sentence: What.
        """
        if sentence not in self.notes:
            self.notes.append(sentence)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """In the order of their first occurrence."""
        return tuple(self._found.values())

    def has(self, name: str, subject: Hashable) -> bool:
        """Whether a rule was already reported of a subject."""
        return (name, subject) in self._found

    def report(
        self,
        name: str,
        subject: Hashable,
        message: str,
        *,
        fix: str | None = None,
        severity: Severity | None = None,
        module: str | None = None,
        scene: Scene | None = None,
    ) -> None:
        """Take in a finding; one that is known already is not said again.

        Args:
            name: The rule's id.
            subject: Of what it is: the model, by anything hashable.
            message: What is wrong here, in one sentence.
            fix: What to do; `None` takes the rule's advice.
            severity: `None` takes the rule's.
            module: Qualified name of the layer.
            scene: Where; `None` takes the user's line that is running.

        Raises:
            ModeError: If findings are to be raised and this is no advice.
        """
        if self.has(name, subject):
            return
        scene = scene or look()
        finding = _finding(name, message, fix, severity, module, scene)
        self._found[name, subject] = finding
        if finding.severity == "advice" or self._on_find == "collect":
            return
        advice = f" {finding.fix.message}" if finding.fix else ""
        text = f"{finding.rule} {finding.name}: {finding.message}{advice}"
        if self._on_find == "raise":
            raise ModeError(f"{scene.place}: {text}")
        warnings.warn_explicit(text, WatchWarning, scene.file, scene.line)


def _finding(
    name: str,
    message: str,
    fix: str | None,
    severity: Severity | None,
    module: str | None,
    scene: Scene,
) -> Finding:
    known = rule(name)
    if known is None:
        raise LookupError(f"{name} is the id of no rule.")
    return Finding(
        rule=known.id,
        name=known.name,
        severity=severity or known.severity,
        place=Place(scene.file, scene.line or None, module=module),
        message=message,
        why=known.why,
        fix=Fix(fix or known.advice),
        layer="run",
    )
