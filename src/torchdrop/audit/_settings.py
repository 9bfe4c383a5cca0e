"""Which rules run, and how severe they are: `[tool.torchdrop.audit]`."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatch
from pathlib import Path, PurePath
from typing import Any

from ..errors import SettingError
from ._finding import SEVERITIES, Finding, Severity
from .rules import choose

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

_KEYS = ("select", "ignore", "severity", "exclude", "per-path")


@dataclass(frozen=True, slots=True)
class AuditSettings:
    """Which findings are wanted.

    Attributes:
        select: Beginnings of ids, such as `DRP1`; only rules with one of them run.
        ignore: Beginnings of ids of rules that do not run.
        severity: Severities that replace a rule's own, by its id.
        exclude: Patterns of paths that are not read, such as `tests/*`; a `*` spans folders too.
        per_path: Beginnings of ids that do not count in the files of a pattern.
        root: Folder that patterns start from; `None` where paths are taken as they are.
    """

    select: tuple[str, ...] = ("DRP",)
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, Severity] = field(default_factory=dict)
    exclude: tuple[str, ...] = ()
    per_path: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    root: Path | None = None

    def __post_init__(self) -> None:
        for rule, severity in self.severity.items():
            if severity not in SEVERITIES:
                raise SettingError(
                    f"a severity is {', '.join(SEVERITIES)}; got {severity!r} for {rule}."
                )

    def wants(self, rule: str) -> bool:
        """Whether a rule runs."""
        return rule.startswith(self.select) and not (self.ignore and rule.startswith(self.ignore))

    def wants_at(self, rule: str, path: str) -> bool:
        """Whether a rule runs over a file."""
        return self.wants(rule) and not any(
            rule.startswith(ids) and self._matches(path, pattern)
            for pattern, ids in self.per_path.items()
        )

    def excludes(self, path: str | os.PathLike[str]) -> bool:
        """Whether a file is not read."""
        return any(self._matches(path, pattern) for pattern in self.exclude)

    def _matches(self, path: str | os.PathLike[str], pattern: str) -> bool:
        """Whether a pattern is of a path, or of a folder above it."""
        name = PurePath(path).as_posix()
        if self.root is not None:
            name = PurePath(os.path.relpath(path, self.root)).as_posix()
        pattern = pattern.rstrip("/")
        return fnmatch(name, pattern) or fnmatch(name, f"{pattern}/*")

    def apply(self, finding: Finding) -> Finding:
        """The finding with the severity that is asked for."""
        severity = self.severity.get(finding.rule, finding.severity)
        return finding if severity == finding.severity else replace(finding, severity=severity)


def read_settings(path: Path) -> AuditSettings:
    """Read the section `[tool.torchdrop.audit]` of a `pyproject.toml`.

    Args:
        path: The file.

    Returns:
        The settings; the defaults where there is no such section.

    Raises:
        SettingError: If the file is no TOML, or the section has an unknown key or value.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingError(f"{path} cannot be read as TOML: {error}.") from error
    section: dict[str, Any] = content.get("tool", {}).get("torchdrop", {}).get("audit", {})
    if unknown := sorted(set(section) - set(_KEYS)):
        raise SettingError(
            f"[tool.torchdrop.audit] in {path} knows {', '.join(_KEYS)}; got {unknown[0]!r}."
        )
    for key in ("select", "ignore", "exclude"):
        if key in section:
            names = _names(section[key], key, path)
            section[key] = names if key == "exclude" else choose(names)
    severity = section.get("severity", {})
    if not isinstance(severity, dict):
        raise SettingError(f"severity in {path} is a table of ids; got {severity!r}.")
    section["severity"] = dict(zip(choose(severity), severity.values(), strict=True))
    per_path = section.pop("per-path", {})
    if not isinstance(per_path, dict):
        raise SettingError(f"per-path in {path} is a table of patterns; got {per_path!r}.")
    return AuditSettings(
        **section,
        per_path={x: choose(_names(ids, f"per-path {x}", path)) for x, ids in per_path.items()},
        root=path.resolve().parent,
    )


def find_settings(start: Path) -> AuditSettings:
    """Read the nearest `pyproject.toml` above a path that has a section for the audit.

    Args:
        start: A file or folder.

    Returns:
        Its settings; the defaults if there is none.
    """
    start = start.resolve()
    for folder in (start, *start.parents):
        path = folder / "pyproject.toml"
        if path.is_file() and "[tool.torchdrop.audit" in path.read_text(encoding="utf-8"):
            return read_settings(path)
    return AuditSettings()


def _names(value: object, key: str, path: Path) -> tuple[str, ...]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise SettingError(f"{key} in {path} is a list of strings; got {value!r}.")
    return tuple(str(x) for x in value)
