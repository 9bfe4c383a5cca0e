"""Write the numbers that sites keep: p of a layer, a module's own rate, one in its config."""

from __future__ import annotations

from typing import Any

from torch import Tensor

from ..errors import ModelError
from ..sites import Site


def number_of(site: Site) -> float:
    """Read what a site keeps.

    Args:
        site: One with an attribute.

    Returns:
        The probability of dropping.

    Raises:
        ModelError: If it is a tensor, which a schedule sets.
    """
    holder, name = _holder(site)
    value = getattr(holder, name)
    if isinstance(value, Tensor):
        where = site.name or "The model"
        raise ModelError(f"{where} follows a schedule; call release_() of its scheduler first.")
    return float(value)


def slot_of(site: Site) -> tuple[int, str]:
    """Name the place in memory that a site keeps its number in; modules may share a config."""
    holder, name = _holder(site)
    return id(holder), name


def write_number(site: Site, p: float) -> None:
    """Set what a site keeps."""
    holder, name = _holder(site)
    setattr(holder, name, p)


def _holder(site: Site) -> tuple[Any, str]:
    path, _, name = (site.attribute or "").rpartition(".")
    return (getattr(site.module, path) if path else site.module), name
