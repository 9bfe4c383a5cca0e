"""Make every configured rate a little different, so that a call shows which one it got.

In a transformer all rates are 0.1. Shifted by multiples of 2**-40 each is itself, wherever the
model hands it: to a function, or through `attention.attn_drop.p` into fused attention.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn

from ._site import Site

_STEP = 2.0**-40


@contextmanager
def tagged(sites: Iterable[Site]) -> Iterator[dict[float, list[int]]]:
    """Shift the rates that are kept as plain numbers, inside the block.

    Args:
        sites: Of the model; those with p = 0, or with a tensor or a whole number for a rate, stay
            as they are.

    Yields:
        The indices of the sites by shifted rate: several where modules share a configuration.
    """
    found: dict[float, list[int]] = {}
    before: list[tuple[dict[str, Any], str, Any]] = []
    tags: dict[tuple[int, str], float] = {}
    try:
        for index, site in enumerate(sites):
            values, name = holder(site.module, site.attribute)
            if values is None or not site.p or not 0 < site.p <= 1:
                continue
            key = id(values), name
            if key not in tags:
                before.append((values, name, values[name]))
                shift = (len(tags) + 1) * _STEP
                tags[key] = site.p + (shift if site.p < 0.5 else -shift)
                values[name] = tags[key]
            found.setdefault(tags[key], []).append(index)
        yield found
    finally:
        for values, name, value in before:
            values[name] = value


def holder(module: nn.Module, attribute: str | None) -> tuple[dict[str, Any] | None, str]:
    """Find the dict that keeps a rate as a `float`, and the rate's key in it.

    Args:
        module: That holds the rate, itself or in an object that it keeps.
        attribute: As in `Site.attribute`.

    Returns:
        `None` and "" where there is no such number.
    """
    if attribute is None:
        return None, ""
    *path, name = attribute.split(".")
    owner: Any = module
    for part in path:
        owner = getattr(owner, part)
    values: dict[str, Any] = vars(owner)
    return (values, name) if isinstance(values.get(name), float) else (None, "")
