"""Audit models: their modules, and one forward in each mode."""

from ._audit_model import audit as audit
from ._audit_model import audit_model as audit_model
