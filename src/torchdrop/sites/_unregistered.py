"""Modules that hang on a model by a plain list, tuple, set or dict, which torch does not see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from torch import nn

from ._names import readable

_BARE = frozenset(vars(nn.Module()))
_DEEP = 3


def unregistered_modules(known: Mapping[nn.Module, str]) -> dict[nn.Module, str]:
    """Find modules that the attributes of a model's modules hold, but torch does not know.

    `model.eval()`, `model.to()` and `model.parameters()` miss them.

    Args:
        known: The model's modules with their names.

    Returns:
        The others, their children included, named by where they are: `drops[0]`, `heads["a"]`.
    """
    found: dict[nn.Module, str] = {}
    for owner, name in known.items():
        for attribute, value in vars(owner).items():
            if attribute in _BARE or isinstance(value, nn.Module):
                continue
            for place, module in _held(value, f"{name}.{attribute}".lstrip("."), _DEEP):
                for inner, child in module.named_modules():
                    if child not in known:
                        found.setdefault(child, readable(f"{place}.{inner}".rstrip(".")))
    return found


def _held(value: Any, place: str, depth: int) -> Iterator[tuple[str, nn.Module]]:
    if isinstance(value, nn.Module):
        yield place, value
    elif depth == 0:
        return
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _held(item, f"{place}[{key!r}]", depth - 1)
    elif isinstance(value, (list, tuple, set, frozenset)):
        for index, item in enumerate(value):
            yield from _held(item, f"{place}[{index}]", depth - 1)
