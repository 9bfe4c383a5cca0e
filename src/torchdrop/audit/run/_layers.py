"""The dropout layers of a model: which are on, which are off, and their rates."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from operator import attrgetter

from torch import Tensor, nn

from ...sites import Site, find_sites


class Layers:
    """Dropout layers and the rates that other layers keep, without those that are allowed.

    Args:
        model: Whose.
        allow: Patterns of names that are left out.
    """

    def __init__(self, model: nn.Module, allow: Sequence[str]) -> None:
        self.sites = tuple(
            site
            for site in find_sites(model)
            if not any(fnmatchcase(site.name, pattern) for pattern in allow)
        )
        self._flags = [vars(site.module) for site in self.sites]

    def on(self) -> tuple[str, ...]:
        """Name what drops in a forward now."""
        return self._named(training=True)

    def off(self) -> tuple[str, ...]:
        """Name what has a rate above 0 and is asleep."""
        return self._named(training=False)

    def rates(self) -> tuple[float | None, ...]:
        """All rates, in order; `None` where a rate is no number."""
        return tuple(rate(site) for site in self.sites)

    def _named(self, *, training: bool) -> tuple[str, ...]:
        pairs = zip(self.sites, self._flags, strict=True)
        return tuple(site.name for site, f in pairs if f["training"] is training and rate(site))


def fixed_parts(model: nn.Module) -> set[nn.Module]:
    """Find what is not to learn, so that its mode is nobody's mistake.

    Args:
        model: Any module.

    Returns:
        All modules inside parts that have parameters of which none learns, and those parts.
    """
    found: set[nn.Module] = set()
    for part in model.modules():
        learns = [parameter.requires_grad for parameter in part.parameters()]
        if part not in found and learns and not any(learns):
            found.update(part.modules())
    return found


def rate(site: Site) -> float | None:
    """Read the rate of a site as it is now.

    Args:
        site: Any.

    Returns:
        In `[0, 1]`; the mean of one that is learned per feature; what was known when the site was
        found if it can no longer be read.
    """
    if site.attribute is None:
        return site.p
    p: object = attrgetter(site.attribute)(site.module)
    if isinstance(p, Tensor):
        return float(p.detach().float().mean())
    return float(p) if isinstance(p, (int, float)) else None


def listed(names: Sequence[str], shown: int = 5) -> str:
    """Write names for a sentence, the first few of them.

    Args:
        names: Qualified names; "" is the model itself.
        shown: How many are written out.

    Returns:
        Such as "encoder.drop, head.0 and 3 more".
    """
    first = [name or "the model itself" for name in names[:shown]]
    more = len(names) - len(first)
    return ", ".join(first) + (f" and {more} more" if more else "")
