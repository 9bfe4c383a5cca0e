"""The auditor: mistakes with dropout and modes in code, models and runs. It changes nothing."""

from ._audit_source import audit_paths as audit_paths
from ._audit_source import audit_text as audit_text
from ._finding import SEVERITIES as SEVERITIES
from ._finding import Edit as Edit
from ._finding import Finding as Finding
from ._finding import Findings as Findings
from ._finding import Fix as Fix
from ._finding import Place as Place
from ._finding import Severity as Severity
from ._rule import HEADINGS as HEADINGS
from ._rule import Found as Found
from ._rule import Rule as Rule
from ._settings import AuditSettings as AuditSettings
from ._settings import find_settings as find_settings
from ._settings import read_settings as read_settings
from .rules import RULES as RULES
from .rules import rule as rule
