"""The rules for a person: all of them in a table, and the page of one."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markdown import Markdown
from rich.table import Table

from ...audit import Rule


def render_rules(rules: Sequence[Rule]) -> Table:
    """Lay out the rules in a table.

    Args:
        rules: In their order.

    Returns:
        One row for each: its id, name, severity, what it looks at, and what it says.
    """
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("rule", no_wrap=True)
    table.add_column("severity", no_wrap=True)
    table.add_column("reads", no_wrap=True)
    table.add_column("name", overflow="fold")
    table.add_column("what it finds", overflow="fold")
    for rule in rules:
        reads = "source" if rule.check is not None else "model, run"
        table.add_row(rule.id, rule.severity, reads, rule.name, rule.title)
    return table


def render_page(rule: Rule) -> Markdown:
    """Render the documentation of a rule.

    Args:
        rule: Any.

    Returns:
        Its page, below a heading with its id, name and severity.
    """
    return Markdown(f"# {rule.id} {rule.name} ({rule.severity})\n\n{rule.page}")
