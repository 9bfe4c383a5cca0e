"""An audit of a model as an assertion, for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..errors import AuditError
from ._settings import AuditSettings

if TYPE_CHECKING:
    from torch import nn


def assert_clean(
    model: nn.Module, example: Any = None, settings: AuditSettings | None = None
) -> None:
    """Fail where an audit of a model finds errors or warnings; advice is left alone.

    Args:
        model: Any module, in any mode; it stays as it is.
        example: An input as `audit_model` takes it; with one, the model runs too.
        settings: Which rules run, and how severe they are; `None` for all.

    Raises:
        AuditError: If there are errors or warnings; it is an `AssertionError`.

    Example:
        >>> from torch import nn
        >>> assert_clean(nn.Sequential(nn.Linear(8, 4), nn.Dropout(0.3), nn.Linear(4, 1)))
    """
    from .model import audit_model  # noqa: PLC0415 - needs torch, which reading source does not

    found = [x for x in audit_model(model, example, settings) if x.severity != "advice"]
    if found:
        lines = (f"{x.place} {x.severity} {x.rule} {x.name}: {x.message}" for x in found)
        raise AuditError("\n".join(("The audit finds:", *lines)))
