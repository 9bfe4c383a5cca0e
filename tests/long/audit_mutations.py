"""Precision and recall of the audit on its own cases, written otherwise.

`python -m tests.long.audit_mutations` rewrites every case of every rule in six ways that keep its
meaning (`tests/audit/mutations.py`), and prints what is still found, by rule and by mutation, and
each miss and false alarm.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Mapping

from ..audit.mutations import CASES, cases, mutants, tally

Counts = dict[str, Counter[str]]


def measure() -> tuple[Counts, Counts, list[str]]:
    """Audit all mutants.

    Returns:
        `found`, `missed`, `false` and `mutants` by rule, the same by mutation, and a line for each
        mutant that was not judged like its case.
    """
    by_rule: Counts = defaultdict(Counter)
    by_mutation: Counts = defaultdict(Counter)
    wrong = []
    for case in cases():
        for mutation, text in mutants(case):
            result = tally(case, text)
            result["mutants"] = 1
            by_rule[case.rule] += result
            by_mutation[mutation] += result
            if result["missed"] or result["false"]:
                place = "/".join(case.path.parts[-3:])
                wrong.append(
                    f"{place} {mutation}: {result['missed']} missed, {result['false']} false"
                )
    return by_rule, by_mutation, wrong


def table(counts: Mapping[str, Counter[str]], title: str) -> str:
    """One line for each name: mutants, precision, recall; and one for all."""
    rows = [*sorted(counts.items()), ("all", sum(counts.values(), Counter[str]()))]
    lines = [f"{title:<16}{'mutants':>8}{'precision':>11}{'recall':>8}"]
    for name, one in rows:
        precision = _share(one["found"], one["false"])
        recall = _share(one["found"], one["missed"])
        lines.append(f"{name:<16}{one['mutants']:>8}{precision:>11}{recall:>8}")
    return "\n".join(lines)


def _share(right: int, wrong: int) -> str:
    return f"{right / (right + wrong):.3f}" if right + wrong else "-"


def main() -> None:
    """Print both tables, then what went wrong."""
    by_rule, by_mutation, wrong = measure()
    left_out = sum(path.is_file() for path in CASES.glob("*/*/*")) - len(cases())
    wrong.append(f"{left_out} cases mean something else without their comments: left out.")
    parts = [table(by_rule, "rule"), table(by_mutation, "mutation"), "\n".join(wrong)]
    sys.stdout.write("\n\n".join(part for part in parts if part) + "\n")


if __name__ == "__main__":
    main()
