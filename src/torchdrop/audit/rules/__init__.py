"""All rules. Each is one file here, which holds its documentation and defines `RULE`."""

from collections.abc import Iterable
from importlib import import_module
from pkgutil import iter_modules

from ...errors import SettingError
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


def choose(names: Iterable[str]) -> tuple[str, ...]:
    """Turn what a person names rules by into beginnings of ids.

    Args:
        names: Beginnings of ids in any case, such as `DRP1`, or whole names.

    Returns:
        Beginnings of ids, in the same order.

    Raises:
        SettingError: If no rule is called so.
    """
    chosen = []
    for name in names:
        found = rule(name)
        start = found.id if found else name.strip().upper()
        if not start or not any(x.id.startswith(start) for x in RULES):
            raise SettingError(
                f"no rule's id begins with {name!r}; `torchdrop audit --list-rules` shows all."
            )
        chosen.append(start)
    return tuple(chosen)
