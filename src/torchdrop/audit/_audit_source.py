"""Audit source code: every rule over every file."""

from __future__ import annotations

import ast
import os
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ..errors import SettingError
from ._finding import Finding, Findings, Fix, Place
from ._rule import Found, Rule
from ._settings import AuditSettings
from .rules import RULES
from .source import Project, SourceFile, Unreadable, find_files, module_name, read, read_silence

OnFile = Callable[[int, int], None]

_CHUNK = 16  # files that a process takes at once
_FEW = 64  # files that are not worth a second process
_MARKS = ("torch", "dropout", "Dropout")


@dataclass(frozen=True, slots=True)
class _Read:
    """What came of one file."""

    findings: tuple[Finding, ...] = ()
    suppressed: int = 0
    problem: str | None = None


def audit_paths(
    paths: Sequence[str | os.PathLike[str]],
    settings: AuditSettings | None = None,
    *,
    workers: int | None = None,
    on_file: OnFile | None = None,
) -> Findings:
    """Look for mistakes with dropout and modes in files, which are read and never run.

    Args:
        paths: Files and folders; `.py` and `.ipynb` files in them are read.
        settings: Which rules run; `None` for all.
        workers: Processes; `None` takes one for each core where there are many files.
        on_file: Called with the number of files done, and of all of them.

    Returns:
        The findings, by path and line.

    Raises:
        SettingError: If a path does not exist.

    Example:
        >>> from pathlib import Path
        >>> from tempfile import TemporaryDirectory
        >>> code = "from torch.nn.functional import dropout; noise = lambda x: dropout(x)"
        >>> with TemporaryDirectory() as folder:
        ...     _ = Path(folder, "model.py").write_text(code)
        ...     [finding.rule for finding in audit_paths([folder])]
        ['DRP101']
    """
    settings = settings or AuditSettings()
    given = [Path(path) for path in paths]
    for path in given:
        if not path.exists():
            raise SettingError(f"{path} does not exist; give files or folders to audit.")
    files = [path for path in find_files(given) if not settings.excludes(path)]
    names = dotted_names(files)
    _PROJECTS.clear()  # files may have changed since another audit
    read_one = partial(_audit_file, settings=settings, names=names)
    results: list[_Read] = []
    for result in _map(read_one, files, workers):
        results.append(result)
        if on_file is not None:
            on_file(len(results), len(files))
    return _gather(files, results)


def dotted_names(files: Iterable[Path]) -> dict[str, Path]:
    """Say which file each name that can be imported stands for."""
    return {module_name(path): path for path in files}


def audit_text(
    text: str,
    path: str = "<text>",
    settings: AuditSettings | None = None,
    *,
    beside: Mapping[str, Path] | None = None,
) -> tuple[Finding, ...]:
    """Audit one piece of source code.

    Args:
        text: Python source.
        path: As findings shall name it.
        settings: Which rules run; `None` for all.
        beside: Files that may define what it uses, by their dotted names; `None` for no others.

    Returns:
        The findings, by line.

    Raises:
        SyntaxError: If it cannot be parsed.
    """
    project, own = Project(dict(beside or {})), Path(path)
    module = module_name(own) if beside else ""
    is_package = bool(beside) and own.name == "__init__.py"
    file = project.add(path, text, module, is_package=is_package)
    return _audit(file, settings or AuditSettings()).findings


def _map(
    read_one: Callable[[Path], _Read], files: Sequence[Path], workers: int | None
) -> Iterator[_Read]:
    count = workers or (1 if len(files) < _FEW else os.cpu_count() or 1)
    if count == 1:
        yield from map(read_one, files)
        return
    # Ctrl-C is for this process; it tells the others.
    with ProcessPoolExecutor(count, None, signal.signal, (signal.SIGINT, signal.SIG_IGN)) as pool:
        yield from pool.map(read_one, files, chunksize=_CHUNK)


_PROJECTS: dict[int, Project] = {}


def _audit_file(path: Path, *, settings: AuditSettings, names: dict[str, Path]) -> _Read:
    try:
        text = read(path)
        if not any(mark in text for mark in _MARKS):
            return _Read()
        project = _project(names)
        name = module_name(path)
        file = project.file(name) if names.get(name) == path else None
        if file is None or file.path != str(path):
            file = Project(names).add(str(path), text)
        return _audit(file, settings)
    except Unreadable as error:
        return _Read(problem=str(error))
    except (SyntaxError, ValueError) as error:
        return _Read(problem=f"{path} is not Python that this version can parse: {error}.")
    except RecursionError:
        return _Read(problem=f"{path} is nested too deeply to be read.")


def _project(names: dict[str, Path]) -> Project:
    """The project of these files, one in each process, so that a file is parsed once in it."""
    key = hash(frozenset(names.items()))
    if key not in _PROJECTS:
        _PROJECTS.clear()
        _PROJECTS[key] = Project(names)
    return _PROJECTS[key]


def _audit(file: SourceFile, settings: AuditSettings) -> _Read:
    silence, kept, suppressed = read_silence(file.text), set[Finding](), 0
    for rule in RULES:
        if not settings.wants_at(rule.id, file.path):
            continue
        for found in _check(rule, file):
            finding = settings.apply(_finding(file, rule, found))
            first = finding.place.line or 1
            if silence.covers(rule.id, first, finding.place.end_line or first):
                suppressed += 1
            else:
                kept.add(finding)
    return _Read(tuple(sorted(kept, key=_order)), suppressed)


def _check(rule: Rule, file: SourceFile) -> list[Found]:
    """What a rule finds; if it breaks, it is not taken for a file that cannot be parsed."""
    try:
        return list(rule.check(file)) if rule.check is not None else []
    except RecursionError:
        raise
    except Exception as error:
        raise RuntimeError(
            f"{rule.id} breaks on {file.path}; --ignore {rule.id} goes on without it."
        ) from error


def _finding(file: SourceFile, rule: Rule, found: Found) -> Finding:
    return Finding(
        rule=rule.id,
        name=rule.name,
        severity=found.severity or rule.severity,
        place=_place(file, found.node),
        message=found.message,
        why=rule.why,
        fix=_fix(file, found.fix or Fix(rule.advice)),
    )


def _fix(file: SourceFile, fix: Fix) -> Fix:
    """Without edits for a notebook: they are of its code, not of the file."""
    return replace(fix, edits=()) if file.path.endswith(".ipynb") else fix


def _place(file: SourceFile, node: ast.AST) -> Place:
    line, byte = getattr(node, "lineno", 1), getattr(node, "col_offset", 0)
    end_line = getattr(node, "end_lineno", None) or line
    end_byte = getattr(node, "end_col_offset", None) or byte
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        end_line, end_byte = line, byte + len(file.text.splitlines()[line - 1].encode()) - byte
    return Place(
        path=file.path,
        line=line,
        column=1 + file.offset(line, byte) - file.offset(line, 0),
        end_line=end_line,
        end_column=1 + file.offset(end_line, end_byte) - file.offset(end_line, 0),
    )


def _order(finding: Finding) -> tuple[str, int, int, str]:
    place = finding.place
    return place.path or "", place.line or 0, place.column or 0, finding.rule


def _gather(files: Sequence[Path], results: Iterable[_Read]) -> Findings:
    done = list(results)
    return Findings(
        items=tuple(sorted((x for one in done for x in one.findings), key=_order)),
        files=len(files),
        skipped=tuple(
            (str(path), one.problem)
            for path, one in zip(files, done, strict=True)
            if one.problem is not None
        ),
        suppressed=sum(one.suppressed for one in done),
    )
