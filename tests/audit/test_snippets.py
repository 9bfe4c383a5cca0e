"""Mistakes as users make them, and what only looks like one, each by the smallest whole file.

Those that only a model or a run can show say so in their first line (`# layer: model`), and are
read by the tests beside.
"""

from collections import Counter
from pathlib import Path

import pytest

from torchdrop.audit import audit_paths

from .marks import layer_of, marks

SNIPPETS = Path(__file__).parent / "snippets"
SOURCE = [path for path in sorted(SNIPPETS.glob("*.py")) if layer_of(path) == "source"]
MISTAKES = [path for path in SOURCE if not path.name.startswith("N")]
CLEAN = [path for path in SOURCE if path.name.startswith("N")]


@pytest.mark.parametrize("path", MISTAKES, ids=lambda path: path.stem)
def test_mistakes_are_found_where_they_are(path: Path) -> None:
    """Exactly there; of other rules, advice is allowed."""
    wanted = marks(path.read_text(encoding="utf-8"))
    own = {rule for _, rule in wanted}
    found = Counter(
        (finding.place.line, finding.rule)
        for finding in audit_paths([path])
        if finding.rule in own or finding.severity != "advice"
    )

    assert wanted, "a snippet with a mistake has a mark"
    assert found == wanted


@pytest.mark.parametrize("path", CLEAN, ids=lambda path: path.stem)
def test_what_only_looks_like_a_mistake_raises_no_alarm(path: Path) -> None:
    alarms = [finding for finding in audit_paths([path]) if finding.severity != "advice"]

    assert not marks(path.read_text(encoding="utf-8"))
    assert not alarms, "\n".join(map(str, alarms))


@pytest.mark.parametrize("path", CLEAN, ids=lambda path: path.stem)
def test_a_line_that_looks_like_a_mistake_is_read(path: Path) -> None:
    """A file that is skipped would be silent too."""
    audit = audit_paths([path])

    assert audit.files == 1
    assert not audit.skipped
