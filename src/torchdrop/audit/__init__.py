"""The auditor: mistakes with dropout and modes in code, models and runs. It changes nothing."""

from typing import TYPE_CHECKING

from .._lazy import lazy
from ._assert_clean import assert_clean as assert_clean
from ._audit_source import OnFile as OnFile
from ._audit_source import audit_paths as audit_paths
from ._audit_source import audit_text as audit_text
from ._audit_source import dotted_names as dotted_names
from ._baseline import Baseline as Baseline
from ._baseline import Fingerprint as Fingerprint
from ._baseline import fingerprints as fingerprints
from ._baseline import format_baseline as format_baseline
from ._baseline import read_baseline as read_baseline
from ._finding import SEVERITIES as SEVERITIES
from ._finding import Edit as Edit
from ._finding import Finding as Finding
from ._finding import Findings as Findings
from ._finding import Fix as Fix
from ._finding import Place as Place
from ._finding import Severity as Severity
from ._fixes import Left as Left
from ._fixes import Mended as Mended
from ._fixes import apply_edits as apply_edits
from ._fixes import encode as encode
from ._fixes import mend as mend
from ._rule import HEADINGS as HEADINGS
from ._rule import Found as Found
from ._rule import Rule as Rule
from ._settings import AuditSettings as AuditSettings
from ._settings import find_settings as find_settings
from ._settings import read_settings as read_settings
from .rules import RULES as RULES
from .rules import choose as choose
from .rules import rule as rule

if TYPE_CHECKING:
    from .model import audit as audit
    from .model import audit_model as audit_model
    from .run import WatchWarning as WatchWarning
    from .run import watch as watch
else:  # reading source code needs no torch; what looks at models and runs does
    __getattr__, __dir__, _late = lazy(
        __name__, {"model": ("audit", "audit_model"), "run": ("WatchWarning", "watch")}
    )
