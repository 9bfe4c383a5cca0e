"""What an audit of a model has found, in the shortest form."""

from __future__ import annotations

from typing import Any

from torchdrop.audit import Finding, audit_model


def found(model: Any, example: Any = None) -> set[tuple[str, str, str | None]]:
    """Rule, severity and module of each finding."""
    return {(x.rule, x.severity, x.place.module) for x in audit_model(model, example)}


def only(model: Any, example: Any = None) -> Finding:
    """The one finding that there is."""
    (finding,) = audit_model(model, example)
    return finding
