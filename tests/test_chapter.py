"""The page on the chapter, held to the tests that it names."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "chapter.md").read_text()
ROWS = re.findall(r"^\| (\d+) \|(.*)\|$", PAGE, flags=re.MULTILINE)
NAMED = sorted(set(re.findall(r"`(tests/[^`]+)`", PAGE)))


def test_every_point_is_there_once_and_names_a_test() -> None:
    assert [int(number) for number, _ in ROWS] == list(range(1, 18))
    assert all("`tests/" in row for _, row in ROWS)


@pytest.mark.parametrize("named", NAMED)
def test_a_named_test_exists(named: str) -> None:
    path, _, name = named.partition("::")
    statements = ast.parse((ROOT / path).read_text()).body
    tests = [s.name for s in statements if isinstance(s, ast.FunctionDef)]

    assert name in tests if name else any(test.startswith("test_") for test in tests)
