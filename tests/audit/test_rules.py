"""Every rule on its cases: flagged ones say where by `# <- DRP101`, clean ones must stay silent."""

import re
from collections import Counter
from pathlib import Path

import pytest

from torchdrop.audit import HEADINGS, RULES, Rule, audit_paths, audit_text, rule

CASES = Path(__file__).parent / "cases"
FLAGGED = sorted(CASES.glob("*/flagged/*"))
CLEAN = sorted(CASES.glob("*/clean/*"))
_MARK = re.compile(r"#\s*<-\s*((?:DRP\d{3}[ ,]*)+)")
SOURCE_RULES = [rule for rule in RULES if rule.check is not None]


def _name(path: Path) -> str:
    return f"{path.parent.parent.name}-{path.stem}"


def _marks(path: Path) -> Counter[tuple[int, str]]:
    """Lines and ids that a case says shall be found."""
    lines = enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
    found = ((number, _MARK.search(line)) for number, line in lines)
    return Counter(
        (number, name)
        for number, match in found
        if match
        for name in re.findall(r"DRP\d+", match[1])
    )


@pytest.mark.parametrize("path", FLAGGED, ids=_name)
def test_flagged_cases_are_found_where_they_say(path: Path) -> None:
    found = Counter(
        (finding.place.line, finding.rule)
        for finding in audit_paths([path])
        if finding.rule == path.parent.parent.name or finding.severity == "error"
    )

    assert found == _marks(path)


@pytest.mark.parametrize("path", CLEAN, ids=_name)
def test_clean_cases_are_silent(path: Path) -> None:
    """Of all rules, not only of their own: advice of others is no alarm."""
    own = path.parent.parent.name
    found = [x for x in audit_paths([path]) if x.rule == own or x.severity != "advice"]

    assert not found, "\n".join(map(str, found))


@pytest.mark.parametrize("rule", SOURCE_RULES, ids=lambda rule: rule.id)
def test_every_source_rule_has_four_cases_of_each_kind(rule: Rule) -> None:
    for kind in ("flagged", "clean"):
        assert len(list((CASES / rule.id / kind).glob("*"))) >= 4, kind


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_every_rule_has_a_whole_page(rule: Rule) -> None:
    assert tuple(rule.sections()) == HEADINGS
    assert all(rule.sections().values())
    for text in (rule.why, rule.advice, rule.title + "."):
        assert text.endswith(".")
        assert "\n" not in text
    assert re.fullmatch(r"DRP[1-4]\d\d", rule.id)


@pytest.mark.parametrize("one", SOURCE_RULES, ids=lambda rule: rule.id)
def test_examples_of_a_page_are_what_they_say(one: Rule) -> None:
    """Each example stands in a module that imports the usual names."""
    head = "import torch\nimport torch.nn.functional as F\nfrom torch import nn\n\n"
    example, instead = (_code(one, name) for name in ("Example", "Instead"))

    assert one.id in {x.rule for x in audit_text(head + example)}
    assert one.id not in {x.rule for x in audit_text(head + instead)}


def _code(one: Rule, heading: str) -> str:
    blocks = re.findall(r"```python\n(.*?)```", one.sections()[heading], re.S)
    assert blocks, f"{one.id} shows no code under {heading}"
    text = "\n".join(blocks)
    if text.startswith("def ") and "self" in text:
        body = "\n".join(f"    {line}" for line in text.splitlines())
        return f"class Model(nn.Module):\n{body}\n"
    return text


def test_ids_and_names_are_unique() -> None:
    assert len({x.id for x in RULES}) == len({x.name for x in RULES}) == len(RULES)
    assert [x.id for x in RULES] == sorted(x.id for x in RULES)
    assert all(rule(x.id) is x and rule(x.name) is x for x in RULES)
