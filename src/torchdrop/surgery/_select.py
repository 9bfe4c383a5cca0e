"""Pick layers of a model by name, by pattern or by class."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any, TypeVar

from torch import nn

from ..errors import SettingError

V = TypeVar("V")


def matches(key: str | type[nn.Module], site: str, layer: nn.Module) -> bool:
    """Whether a key means a layer.

    Args:
        key: A qualified name, a pattern of names with `*`, `?` and `[...]`, in which a `*` stands
            for dots too, or a class, which means layers of exactly that class.
        site: The layer's qualified name.
        layer: The layer.

    Returns:
        Whether it does.
    """
    if isinstance(key, str):
        return fnmatchcase(site, key)
    return type(layer) is key


def select(
    chosen: Mapping[Any, V], places: Sequence[tuple[str, nn.Module]], what: str
) -> list[tuple[int, V]]:
    """Give each place the value of the first key that means it.

    Args:
        chosen: Values by key, as in `matches`.
        places: Names and layers.
        what: What the layers are, for the error.

    Returns:
        For each place that a key means, in their order, its number and the value.

    Raises:
        SettingError: If a key means none of the places.
    """
    for key in chosen:
        if not any(matches(key, *place) for place in places):
            shown = repr(key) if isinstance(key, str) else getattr(key, "__name__", repr(key))
            names = [repr(site) for site, _ in places]
            known = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
            raise SettingError(
                f"{shown} means none of the model's {what}, which are {known or 'none'}."
            )
    values = [
        next((value for key, value in chosen.items() if matches(key, *place)), _NOTHING)
        for place in places
    ]
    return [(i, value) for i, value in enumerate(values) if value is not _NOTHING]


_NOTHING: Any = object()
