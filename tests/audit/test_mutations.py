"""What an audit finds does not depend on names, imports, or where a method stands."""

import ast
from collections.abc import Iterable

import pytest

from .mutations import CASES, MUTATIONS, Case, cases, mutants, tally

RULES = sorted(path.name for path in CASES.iterdir())
BLIND = {
    ("DRP207", "loaded.py", "import_names"),  # knows `torch.load` by its usual name only
    ("DRP214", "determinism.py", "import_names"),
    ("DRP307", "method.py", "wrap_methods"),  # what is returned by a helper of forward
}
"""Mutants that are known to be misjudged; `tests.long.audit_mutations` counts them."""


@pytest.fixture(scope="module")
def by_rule() -> dict[str, list[Case]]:
    found: dict[str, list[Case]] = {rule: [] for rule in RULES}
    for case in cases():
        found[case.rule].append(case)
    return found


@pytest.mark.parametrize("rule", RULES)
def test_cases_written_otherwise_are_judged_alike(
    rule: str, by_rule: dict[str, list[Case]]
) -> None:
    wrong = [
        f"{case.path.name} by {mutation}: {dict(result)}\n{text}"
        for case in by_rule[rule]
        for mutation, text in mutants(case)
        if (rule, case.path.name, mutation) not in BLIND
        and ((result := tally(case, text))["missed"] or result["false"])
    ]

    assert not wrong, "\n\n".join(wrong)


def test_what_an_audit_is_blind_to_is_rare() -> None:
    assert len(BLIND) <= 10
    assert {rule for rule, _, _ in BLIND} <= set(RULES)


def test_few_cases_need_their_comments(by_rule: dict[str, list[Case]]) -> None:
    """Those are left out, because rewriting loses comments: at most one in twenty."""
    all_cases = [path for path in CASES.glob("*/*/*") if path.is_file()]
    kept = sum(map(len, by_rule.values()))

    assert kept >= 0.95 * len(all_cases)


def test_every_mutation_changes_many_cases(by_rule: dict[str, list[Case]]) -> None:
    """A mutation that does nothing would find nothing wrong."""
    names = [name for case in _all(by_rule) for name, _ in mutants(case)]

    assert all(names.count(name) > len(names) / 20 for name in MUTATIONS)


def test_mutants_can_be_compiled_and_keep_their_calls(by_rule: dict[str, list[Case]]) -> None:
    """A method that is wrapped is called once more; else no call comes or goes."""
    for case in _all(by_rule):
        before = _calls(case.text)
        for name, text in mutants(case):
            compile(text, case.path.name, "exec")

            assert _calls(text) == before or (name == "wrap_methods" and _calls(text) > before)


def _all(by_rule: dict[str, list[Case]]) -> Iterable[Case]:
    return (case for found in by_rule.values() for case in found)


def _calls(text: str) -> int:
    return sum(isinstance(node, ast.Call) for node in ast.walk(ast.parse(text)))
