"""Findings as people, editors and servers read them; needs no torch."""

from ._excerpt import excerpt as excerpt
from ._github import render_annotations as render_annotations
from ._rules import render_page as render_page
from ._rules import render_rules as render_rules
from ._sarif import to_sarif as to_sarif
from ._summary import summarize as summarize
from ._text import render_finding as render_finding
from ._text import render_findings as render_findings
