"""What a health check found, and how it reads."""

from __future__ import annotations

from dataclasses import dataclass
from textwrap import fill
from typing import Literal

from ..errors import SickDropoutError

Verdict = Literal["ok", "sick", "expected", "skipped"]

_WIDTH = 100
_INDENT = " " * 10


@dataclass(frozen=True, slots=True)
class Symptom:
    """The outcome of one check.

    Attributes:
        check: Its name, as in `CHECKS`.
        verdict: `ok`, `sick`, `expected` (sick, as the caller said it would be) or `skipped`.
        quantity: What was measured; for a check that was skipped, why.
        measured: The number; `None` where there is none.
        expected: What a sound dropout gives.
        bound: How far `measured` may lie from `expected`.
        advice: The likely cause and what to do; empty where nothing is wrong.
    """

    check: str
    verdict: Verdict
    quantity: str
    measured: float | None = None
    expected: float | None = None
    bound: float | None = None
    advice: str = ""

    def __str__(self) -> str:
        head = f"{self.verdict:<10}{self.check}"
        if self.verdict in ("ok", "skipped"):
            return f"{head:<38}{self.quantity}{self._figures(': ')}"
        cause = f"\nLikely cause: {self.advice}" if self.advice else ""
        text = f"{self.quantity}{self._figures(chr(10))}{cause}"
        return "\n".join([head, *map(_indented, text.splitlines())])

    def _figures(self, separator: str) -> str:
        if self.measured is None or self.expected is None or self.bound is None:
            return ""
        allowed = f" +- {self.bound:.2g}" if self.bound else ""
        return f"{separator}measured {self.measured:.5g}, expected {self.expected:.5g}{allowed}"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All that a health check found; `str()` of it is the report.

    Attributes:
        subject: What was examined.
        conditions: At which settings.
        symptoms: One for each check, in the order of `CHECKS`.
    """

    subject: str
    conditions: str
    symptoms: tuple[Symptom, ...]

    @property
    def sick(self) -> tuple[Symptom, ...]:
        """The symptoms of what is wrong."""
        return self._with("sick")

    @property
    def healthy(self) -> bool:
        """Whether nothing is wrong, apart from what the caller expected."""
        return not self.sick

    def raise_if_sick(self) -> None:
        """Turn a sick dropout into a failed test.

        Raises:
            SickDropoutError: If it is not healthy; the message is the report.
        """
        if not self.healthy:
            raise SickDropoutError(str(self))

    def __str__(self) -> str:
        order: tuple[Verdict, ...] = ("sick", "expected", "ok", "skipped")
        counts = ", ".join(f"{len(self._with(v))} {v}" for v in order if self._with(v))
        lines = [f"{self.subject}: {counts}", self.conditions]
        for verdict in order:
            if symptoms := self._with(verdict):
                lines += ["", *map(str, symptoms)]
        return "\n".join(lines)

    def _with(self, verdict: Verdict) -> tuple[Symptom, ...]:
        return tuple(s for s in self.symptoms if s.verdict == verdict)


def _indented(paragraph: str) -> str:
    return fill(paragraph, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)
