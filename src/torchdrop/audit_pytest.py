"""The audit as a plugin of pytest: `--torchdrop-audit`, and the fixture `assert_clean`.

It is loaded at each start of pytest where torchdrop is installed, so it imports nothing until it is
asked for. PYTEST_DONT_REWRITE
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from .errors import AuditError

if TYPE_CHECKING:
    from .audit import Finding, Findings

_ITEM = "torchdrop-audit"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option, and where it looks."""
    group = parser.getgroup("torchdrop")
    group.addoption(
        "--torchdrop-audit",
        action="store_true",
        help="audit the project's sources for mistakes with dropout: one more test for each file",
    )
    parser.addini(
        "torchdrop_audit_paths",
        "files and folders that --torchdrop-audit reads; by default all of the project",
        type="paths",
        default=[],
    )


@pytest.fixture(scope="session")
def assert_clean() -> Any:
    """The function `torchdrop.audit.assert_clean`, which fails on a model with mistakes."""
    from .audit import assert_clean as function  # noqa: PLC0415 - only where it is used

    return function


@pytest.hookimpl(tryfirst=True)  # before -k and -m choose among the tests
def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add a test for each file, if asked to."""
    if config.getoption("--torchdrop-audit"):
        audit = _Audit(config)
        items += (item for path in audit.files() for item in _tests(session, path, audit))


class _Audit:
    """One audit for all tests of a session: files may use what others define."""

    def __init__(self, config: pytest.Config) -> None:
        self._paths = config.getini("torchdrop_audit_paths") or [config.rootpath]
        self._start = config.rootpath
        self._found: Findings | None = None

    def files(self) -> list[Path]:
        """Files to audit."""
        from .audit import find_settings  # noqa: PLC0415 - only where it is used
        from .audit.source import find_files  # noqa: PLC0415 - likewise

        settings = find_settings(self._start)
        return [path for path in find_files(self._paths) if not settings.excludes(path)]

    def of(self, path: Path) -> list[Finding]:
        """What was found in a file, but for advice."""
        found = self._findings()
        for skipped, reason in found.skipped:
            if skipped == str(path):
                raise AuditError(reason)
        return [x for x in found if x.place.path == str(path) and x.severity != "advice"]

    def _findings(self) -> Findings:
        from .audit import audit_paths, find_settings  # noqa: PLC0415 - only where it is used

        if self._found is None:
            settings = find_settings(self._start)
            self._found = audit_paths(self._paths, settings, workers=1)
        return self._found


class _File(pytest.File):
    audit: _Audit

    def collect(self) -> Iterator[pytest.Item]:
        """The one test of the file."""
        yield _Test.from_parent(self, name=_ITEM)


class _Test(pytest.Item):
    def runtest(self) -> None:
        """Fail if something was found that counts."""
        from .report.audit import render_findings  # noqa: PLC0415 - only where it is used

        assert isinstance(self.parent, _File)
        if found := self.parent.audit.of(self.path):
            raise AuditError("\n".join(text.plain for text in render_findings(found)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the findings, without the lines of this plugin."""
        if isinstance(excinfo.value, AuditError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where the test is."""
        return self.path, None, f"{self.path.name}: {_ITEM}"


def _tests(session: pytest.Session, path: Path, audit: _Audit) -> Iterator[pytest.Item]:
    file = _File.from_parent(session, path=path)
    file.audit = audit
    yield from file.collect()
