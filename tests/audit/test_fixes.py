"""Fixes that are safe: on every flagged case, and what keeps them safe."""

import ast
from collections.abc import Sequence
from pathlib import Path

import pytest

from torchdrop.audit import Edit, Finding, Fix, Place, apply_edits, audit_text, encode, mend
from torchdrop.audit.source import read
from torchdrop.errors import SettingError

CASES = Path(__file__).parent / "cases"
FIXABLE: list[tuple[Path, Finding]] = [
    (path, finding)
    for path in sorted(CASES.glob("*/flagged/*"))
    for finding in audit_text(read(path), str(path))
    if finding.fix is not None and finding.fix.is_safe
]


def _name(path: Path) -> str:
    return f"{path.parent.parent.name}-{path.stem}"


@pytest.mark.parametrize(
    ("path", "finding"), FIXABLE, ids=[f"{_name(x)}-{y.place.line}" for x, y in FIXABLE]
)
def test_a_safe_fix_removes_its_finding_and_parses(path: Path, finding: Finding) -> None:
    """Each alone: by the edits themselves, not by what `mend` would refuse."""
    text = read(path)
    assert finding.fix is not None
    changed = apply_edits(text, finding.fix.edits)
    ast.parse(changed)
    before, after = audit_text(text, str(path)), audit_text(changed, str(path))

    assert _count(after, finding.rule) < _count(before, finding.rule)
    for rule in {x.rule for x in after if x.severity != "advice"}:
        assert _count(after, rule) <= _count(before, rule)


@pytest.mark.parametrize("path", sorted({path for path, _ in FIXABLE}), ids=_name)
def test_all_fixes_of_a_file_go_together(path: Path) -> None:
    text = read(path)
    mended = mend(text, audit_text(text, str(path)), lambda changed: audit_text(changed, str(path)))

    assert mended.after != text
    assert mended.applied
    assert {x.reason for x in mended.left} <= {"it overlaps with another; run --fix again"}
    assert mended.findings == audit_text(mended.after, str(path))


def _count(findings: Sequence[Finding], rule: str) -> int:
    return sum(x.rule == rule for x in findings)


def _finding(*edits: Edit, rule: str = "DRP101", line: int = 1) -> Finding:
    place = Place("model.py", line, 1, line, 2)
    return Finding(rule, "name", "error", place, "It is wrong.", "Why.", Fix("Mend it.", edits))


def _letters(text: str) -> tuple[Finding, ...]:
    """A stand-in for an audit: every `a` in an assignment is a mistake, and so is every `z`."""
    return tuple(
        _finding(Edit(place, place + 1, "b"), rule={"a": "DRP101", "z": "DRP102"}[letter])
        for place, letter in enumerate(text)
        if letter in "az"
    )


def test_edits_are_applied_where_they_were_in_the_text_before() -> None:
    assert (
        apply_edits("abcdef", [Edit(4, 6, "!"), Edit(0, 1, "xyz"), Edit(2, 2, "-")]) == "xyzb-cd!"
    )


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Edit(0, 3, ""), Edit(2, 4, "")),
        (Edit(1, 1, "a"), Edit(1, 1, "b")),
        (Edit(0, 3, ""), Edit(1, 1, "x")),
    ],
)
def test_edits_that_overlap_are_refused(one: Edit, other: Edit) -> None:
    with pytest.raises(SettingError, match="two edits overlap"):
        apply_edits("abcdef", [one, other])


def test_equal_edits_count_once() -> None:
    assert apply_edits("f(x)", [Edit(3, 3, ", y")] * 2) == "f(x, y)"


def test_all_are_mended_in_one_go() -> None:
    mended = mend("a = a", _letters("a = a"), _letters)

    assert (mended.after, len(mended.applied), mended.left) == ("b = b", 2, ())


def test_the_first_of_two_that_overlap_is_applied_and_the_other_told() -> None:
    findings = (_finding(Edit(0, 1, "b")), _finding(Edit(0, 5, "b = 1")))
    mended = mend("a = a", findings, _letters)

    assert mended.after == "b = a"
    assert [(x.finding, x.reason) for x in mended.left] == [
        (findings[1], "it overlaps with another; run --fix again")
    ]


def test_what_would_not_parse_is_left() -> None:
    mended = mend("a = 1", (_finding(Edit(0, 1, "b +")),), _letters)

    assert mended.after == "a = 1"
    assert mended.left[0].reason.startswith("the file would not parse: ")


def test_what_does_not_remove_its_finding_is_left() -> None:
    mended = mend("a = 1", (_finding(Edit(4, 5, "2")),), _letters)

    assert (mended.after, mended.left[0].reason) == ("a = 1", "the finding would not go away")


def test_what_brings_another_mistake_is_left() -> None:
    mended = mend("a = 1", (_finding(Edit(0, 1, "z")),), _letters)

    assert (mended.after, mended.left[0].reason) == ("a = 1", "DRP102 would come in its place")


def test_one_edit_for_two_findings_mends_both_if_both_are_gone() -> None:
    shared = Edit(0, 5, "b = b")
    both = mend("a = a", (_finding(shared), _finding(shared)), _letters)
    one = mend("a = 1", (_finding(Edit(0, 1, "b")), _finding(Edit(0, 1, "b"))), _letters)

    assert (len(both.applied), len(both.left)) == (2, 0)
    assert (len(one.applied), one.left[0].reason) == (1, "the finding would not go away")


def test_findings_without_edits_are_no_business_of_it() -> None:
    mended = mend("a = 1", (_finding(),), _letters)

    assert (mended.after, mended.applied, mended.left) == ("a = 1", (), ())


@pytest.mark.parametrize(
    "original",
    [
        b"x = 1\r\ny = 2\r\n",
        b"\xef\xbb\xbfx = 1\n",
        "# coding: latin-1\nx = 'é'\n".encode("latin-1"),
        "x = 'é'\n".encode(),
        b"x = 1",
        b"",
    ],
)
def test_a_file_keeps_its_encoding_and_line_ends(original: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file.py"
    path.write_bytes(original)

    assert encode(original, read(path)) == original


@pytest.mark.parametrize("original", [b"x\r\ny\n", b"x\ry\n"])
def test_mixed_line_ends_are_not_rewritten(original: bytes) -> None:
    with pytest.raises(SettingError, match="mixes line ends"):
        encode(original, "x\ny\n")
