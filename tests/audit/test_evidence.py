"""The pure parts of `tests.long.audit_wild` and `tests.long.audit_rivals`, in the gate."""

import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.long import audit_rivals, audit_wild
from tests.long.audit_rivals import Case, Said, Tool, find_cases, from_source, read_case, theirs
from tests.long.audit_wild import Pace, find_packages, render_race, scan

_BROKEN = "from torch.nn.functional import dropout\n\nnoise = lambda x: dropout(x)\n"
_TESTS = Path(__file__).parent


def _wheel(folder: Path, name: str, version: str) -> Path:
    metadata = folder / name / f"{name}-{version}.dist-info" / "METADATA"
    metadata.parent.mkdir(parents=True)
    metadata.write_text(f"Name: {name}\nVersion: {version}\n\nThe text.\n")
    source = folder / name / name
    source.mkdir()
    (source / "model.py").write_text(_BROKEN)
    (source / "plain.py").write_text("x = 1\n")
    return folder / name


def test_packages_are_found_by_their_metadata(tmp_path: Path) -> None:
    _wheel(tmp_path, "first", "1.0")
    _wheel(tmp_path, "second", "2.1")
    installed = tmp_path / "first" / "first"
    (installed / "__init__.py").write_text("")

    assert [(x.name, x.version) for x in find_packages(tmp_path)] == [
        ("first", "1.0"),
        ("second", "2.1"),
    ]
    assert [(x.name, x.version) for x in find_packages(installed)] == [("first", "1.0")]


def test_a_scan_counts_files_and_says_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (package,) = find_packages(_wheel(tmp_path, "first", "1.0"))
    one = scan(package)
    audit_wild.main([str(tmp_path)])
    lines = capsys.readouterr().out.splitlines()

    assert (one.files, one.mentions, len(one.findings.of("warning"))) == (2, 1, 1)
    assert "- warning DRP101 `first/model.py:3`: " in "\n".join(lines)
    assert lines[2].startswith("| first | 1.0 | 2 | 1 | ")


def test_a_race_counts_files_a_second() -> None:
    assert "| ruff | timm | 2.0 | 150 |" in render_race([Pace("ruff", "timm", 300, 2.0)])


def test_rivals_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    assert set(audit_wild.commands(tmp_path)) <= {"ruff, all its rules"}


def test_a_case_says_what_is_wrong_in_it(tmp_path: Path) -> None:
    path = tmp_path / "case.py"
    path.write_text("def build(): ...\ndef example(): ...\nbad()  # <- DRP101, DRP104\n")

    assert read_case(path).marks == {(3, "DRP101"), (3, "DRP104")}
    assert read_case(path).runs


def test_we_must_name_each_mark_and_rivals_any_of_them(tmp_path: Path) -> None:
    broken, clean = tmp_path / "broken.py", tmp_path / "clean.py"
    for path in (broken, clean):
        path.write_text(_BROKEN)
    cases = [Case(broken, frozenset({(3, "DRP101")}), False), Case(clean, frozenset(), False)]
    wrong = [Case(broken, frozenset({(3, "DRP104")}), False)]

    def says(python: Path, paths: Sequence[Path]) -> Said:
        return {broken: frozenset({(1, "X1")}), clean: frozenset({(1, "X2")})}

    tool = Tool("pytest", frozenset({"X1"}), Path(sys.executable), says)
    verdict = theirs(tool, cases)

    assert from_source(cases).found == {broken}
    assert from_source(cases).alarms == {clean}
    assert from_source(wrong).found == frozenset()
    assert verdict.found == {broken}
    assert not verdict.alarms
    assert verdict.others == 1


def test_the_cases_of_the_tests_are_found() -> None:
    cases = find_cases(_TESTS)

    assert {bool(case.marks) for case in cases} == {True, False}
    assert any(case.runs for case in cases)


def test_the_table_says_how_many_of_a_rule_each_has_found() -> None:
    path = Path("a.py")
    case = Case(path, frozenset({(1, "DRP101")}), False)
    one = audit_rivals.Verdict("one", "1", (case,), frozenset({path}), frozenset(), 0)
    none = audit_rivals.Verdict("none", "1", (), frozenset(), frozenset(), 0)

    assert "| DRP101 | 1 | 1 of 1 | - |" in audit_rivals.render([one, none])
    assert "| one | 1 | 1 | 0 | 1 | 0 | 0 | 0 |" in audit_rivals.render([one, none])
