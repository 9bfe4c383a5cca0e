"""All rules. Each is one file here, which holds its documentation and defines `RULE`."""

from importlib import import_module
from pkgutil import iter_modules

from .._rule import Rule

_MODULES = [import_module(f"{__name__}.{found.name}") for found in iter_modules(__path__)]

RULES: tuple[Rule, ...] = tuple(
    sorted((module.RULE for module in _MODULES), key=lambda rule: str(rule.id))
)
"""In the order of their ids."""


def rule(name: str) -> Rule | None:
    """Find a rule by its id or its name; `None` if there is none."""
    wanted = name.strip()
    return next((x for x in RULES if wanted.upper() == x.id or wanted.lower() == x.name), None)
