"""What `torchdrop audit` does, once its options are read."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..audit import (
    SEVERITIES,
    AuditSettings,
    Finding,
    Findings,
    Severity,
    audit_paths,
    choose,
    dotted_names,
    find_settings,
    format_baseline,
    read_baseline,
)
from ..audit.source import find_files
from ..errors import SettingError
from ._audit_fix import after_writing, differences, mend_files, tell_left, write
from ._audit_progress import counting
from ._audit_show import Format, save, show
from ._console import errors

CLEAN, FOUND, FAILED = 0, 1, 2
"""Exit codes."""

_MODEL = re.compile(r"[\w.]+:\w+")


@dataclass(frozen=True, slots=True)
class Request:
    """The options of the command, by their names."""

    targets: tuple[str, ...]
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    severity: Severity | None
    format: Format
    output: Path | None
    fix: bool
    diff: bool
    baseline: Path | None
    write_baseline: Path | None
    workers: int | None
    inputs: tuple[str, ...]

    @property
    def models(self) -> tuple[str, ...]:
        """Targets that are to be imported."""
        return tuple(x for x in self.targets if _MODEL.fullmatch(x) and not Path(x).exists())

    @property
    def paths(self) -> tuple[Path, ...]:
        """Targets that are to be read."""
        return tuple(Path(x) for x in self.targets if x not in self.models)


def split(names: Sequence[str] | None) -> tuple[str, ...]:
    """Take lists with commas apart."""
    return tuple(x for name in names or () for x in name.split(",") if x.strip())


def run(request: Request) -> int:
    """Audit, mend if asked to, and show what is left.

    Args:
        request: What to do.

    Returns:
        The exit code: 0 for nothing that counts, 1 for findings, 2 if something went wrong.
    """
    started = time.perf_counter()
    settings = _settings(request)
    everything = _look(request, settings)
    found = _keep(everything, request)
    if request.fix or request.diff:
        files = mend_files(found.items, settings, _beside(request, settings))
        if request.diff:
            changes = differences(files)
            tell_left(files, errors)
            print(changes, end="")  # noqa: T201
            return FOUND if changes else CLEAN
        write(files, errors)
        everything = after_writing(everything, files)
        found = _keep(everything, request)
    if request.write_baseline is not None:
        return _write_baseline(_severe(everything, request), request.write_baseline)
    show(found, request.format, request.output, time.perf_counter() - started)
    return _code(found, request)


def _settings(request: Request) -> AuditSettings:
    """Those of the project that the first path is in; what the command says comes before."""
    if request.inputs and not request.models:
        raise SettingError("--input is for a model; name one as package.module:callable.")
    settings = find_settings(request.paths[0] if request.paths else Path())
    if request.select:
        settings = replace(settings, select=choose(request.select))
    if request.ignore:
        settings = replace(settings, ignore=choose(request.ignore))
    return settings


def _look(request: Request, settings: AuditSettings) -> Findings:
    found = Findings()
    if request.paths:
        with counting(errors) as on_file:
            found = audit_paths(request.paths, settings, workers=request.workers, on_file=on_file)
    for name in request.models:
        found = _join(found, _look_at_model(name, request.inputs, settings))
    return found


def _look_at_model(name: str, inputs: Sequence[str], settings: AuditSettings) -> Findings:
    from ..audit import audit_model  # noqa: PLC0415 - needs torch, which takes seconds
    from ._model import build_model, random_inputs  # noqa: PLC0415 - likewise

    return audit_model(build_model(name), random_inputs(inputs) if inputs else None, settings)


def _join(one: Findings, other: Findings) -> Findings:
    return Findings(
        items=one.items + other.items,
        files=one.files + other.files,
        skipped=one.skipped + other.skipped,
        suppressed=one.suppressed + other.suppressed,
        notes=one.notes + other.notes,
    )


def _beside(request: Request, settings: AuditSettings) -> dict[str, Path]:
    return dotted_names(x for x in find_files(request.paths) if not settings.excludes(x))


def _keep(findings: Findings, request: Request) -> Findings:
    """Leave out what the baseline knows, and what is not severe enough."""
    if request.baseline is not None:
        findings = read_baseline(request.baseline).subtract(findings)
    return _severe(findings, request)


def _severe(findings: Findings, request: Request) -> Findings:
    if request.severity is None:
        return findings
    wanted = SEVERITIES[: SEVERITIES.index(request.severity) + 1]
    return replace(findings, items=tuple(x for x in findings if x.severity in wanted))


def _write_baseline(findings: Findings, path: Path) -> int:
    save(format_baseline(findings, path), path)
    errors.print(f"Wrote {len(findings)} findings to {path}.", markup=False)
    return CLEAN


def _code(findings: Findings, request: Request) -> int:
    named = {str(path) for path in request.paths}
    if any(path in named for path, _ in findings.skipped):
        return FAILED
    counts: list[Finding] = [
        x for x in findings if x.severity != "advice" or request.severity == "advice"
    ]
    return FOUND if counts else CLEAN
