"""The audit as a plugin of flake8, which knows its rules by the code `DRP`.

flake8 hands over one file at a time, so what is defined in another file is not known here.
"""

from __future__ import annotations

import argparse
import ast
from collections.abc import Iterator, Sequence
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any, ClassVar, Protocol

from .audit import SEVERITIES, AuditSettings, Severity, audit_text, find_settings


class _Options(Protocol):
    """What flake8 registers options with."""

    def add_option(self, *names: str, **settings: Any) -> None:
        """Register an option."""


class Plugin:
    """Reports the findings of a file.

    Args:
        tree: The file, parsed; it shows flake8 that the plugin reads whole files.
        filename: Its path.
        lines: Its lines, with their ends.

    Attributes:
        name: As flake8 shows it.
        version: Of torchdrop.
        severity: The least that is reported.
    """

    name: ClassVar[str] = "torchdrop"
    version: ClassVar[str] = metadata.version("torchdrop")
    severity: ClassVar[Severity] = "warning"

    def __init__(self, tree: ast.AST, filename: str, lines: Sequence[str]) -> None:
        self._filename, self._text = filename, "".join(lines)

    @classmethod
    def add_options(cls, options: _Options) -> None:
        """Tell flake8 about `--torchdrop-severity`."""
        options.add_option(
            "--torchdrop-severity",
            choices=SEVERITIES,
            default=cls.severity,
            parse_from_config=True,
            help="The least severity that is reported (default: warning).",
        )

    @classmethod
    def parse_options(cls, options: argparse.Namespace) -> None:
        """Take over what the user said."""
        cls.severity = options.torchdrop_severity

    def run(self) -> Iterator[tuple[int, int, str, type[Plugin]]]:
        """Audit the file.

        Yields:
            The line from 1, the column from 0, the message with its code, and this class.
        """
        wanted = SEVERITIES[: SEVERITIES.index(self.severity) + 1]
        text = self._text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff")
        settings = _settings(Path(self._filename).resolve().parent)
        if settings.excludes(self._filename):
            return
        for finding in audit_text(text, self._filename, settings):
            if finding.severity in wanted:
                place = finding.place
                message = f"{finding.rule} {finding.message}"
                yield place.line or 1, (place.column or 1) - 1, message, Plugin


@cache
def _settings(folder: Path) -> AuditSettings:
    return find_settings(folder)
