"""Names that a package imports when they are first asked for (PEP 562).

What reads source code needs no torch, and torch takes seconds to import: linters and pytest would
wait for it at every start.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any


def lazy(
    package: str, homes: Mapping[str, Sequence[str]]
) -> tuple[Callable[[str], Any], Callable[[], list[str]], list[str]]:
    """Make what a package needs to import its names late.

    Args:
        package: Its `__name__`.
        homes: For each module in it, the names that the package takes from there. Modules without
            a leading underscore become attributes of the package too.

    Returns:
        Its `__getattr__`, `__dir__` and `__all__`.

    Example:
        >>> import torchdrop
        >>> torchdrop.tune.__module__
        'torchdrop.tuning._tune'
    """
    origin = {name: module for module, names in homes.items() for name in names}
    names = sorted({*origin, *(module for module in homes if not module.startswith("_"))})

    def get(name: str) -> Any:
        if name not in names:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module = import_module(f".{origin.get(name, name)}", package)
        value = getattr(module, name) if name in origin else module
        setattr(sys.modules[package], name, value)  # asked for once only
        return value

    return get, lambda: sorted({*vars(sys.modules[package]), *names}), names
