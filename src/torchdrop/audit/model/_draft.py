"""What a check of a model says, before it becomes a finding."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from .._finding import Finding, Fix, Place, Severity
from .._settings import AuditSettings
from ..rules import rule

Line = tuple[str, int]
"""A file and a line in it, from 1."""

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Draft:
    """What a check says.

    Attributes:
        rule: Id of the rule that is broken.
        severity: How bad it is.
        module: Qualified name of the layer, or of the module whose forward makes the call.
        message: What is wrong, in one sentence; the same for all layers that one line builds.
        line: Where in the source, if it is known.
        fix: What to do; `None` takes the rule's advice.
    """

    rule: str
    severity: Severity
    module: str
    message: str
    line: Line | None = None
    fix: str | None = None


def findings(
    drafts: Iterable[Draft], order: Mapping[str, int], settings: AuditSettings
) -> tuple[Finding, ...]:
    """Make findings of drafts, one for each mistake: layers of one line share it.

    Args:
        drafts: From all checks.
        order: By name, which module comes first.
        settings: Which rules are wanted, and how severe they are.

    Returns:
        The findings in the order of the modules, then of the ids.
    """
    groups: dict[tuple[object, ...], list[Draft]] = {}
    for draft in dict.fromkeys(drafts):
        if settings.wants(draft.rule):
            apart = None if draft.line else draft.module
            key = draft.rule, draft.severity, draft.message, draft.line, apart
            groups.setdefault(key, []).append(draft)
    last = len(order)
    made = [settings.apply(_finding(_joined(group))) for group in groups.values()]
    return tuple(sorted(made, key=lambda x: (order.get(x.place.module or "", last), x.rule)))


def _joined(group: list[Draft]) -> Draft:
    first, *others = group
    if not others:
        return first
    names = ", ".join(draft.module or "the model" for draft in others[:_NAMED])
    more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
    return replace(first, message=f"{first.message} So also in {names}{more}.")


def _finding(draft: Draft) -> Finding:
    broken = rule(draft.rule)
    if broken is None:
        raise LookupError(f"{draft.rule} has no file in torchdrop.audit.rules.")
    path, line = draft.line or (None, None)
    return Finding(
        rule=broken.id,
        name=broken.name,
        severity=draft.severity,
        place=Place(path=path, line=line, module=draft.module),
        message=draft.message,
        why=broken.why,
        fix=Fix(draft.fix or broken.advice),
        layer="model",
    )
