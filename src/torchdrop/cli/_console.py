"""Where output goes: results to standard output, progress and errors to standard error."""

from __future__ import annotations

import sys

from rich.console import Console

WIDE = 132

errors = Console(stderr=True, soft_wrap=True)


def results() -> Console:
    """Open standard output; where it is no terminal, wide enough for the table."""
    return Console(highlight=False) if sys.stdout.isatty() else Console(width=WIDE, highlight=False)
