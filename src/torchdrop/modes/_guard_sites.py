"""The dropout sites that a guard watches, and what their modes mean."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from operator import attrgetter

from torch import Tensor, nn

from ..errors import SettingError
from ..sites import Site, find_sites, named_modules
from ._frozen import is_kept_off

Flags = list[bool]
"""Of each watched module, in order: whether it is in training mode."""


_CONTAINERS = (nn.Sequential, nn.ModuleList, nn.ModuleDict)


@dataclass(frozen=True, eq=False, slots=True)
class Watched:
    """A module with one or more sites.

    Attributes:
        name: Its qualified name.
        module: The module.
        chain: The modules that hold it, the model first and the module itself last.
        sites: Its sites.
    """

    name: str
    module: nn.Module
    chain: tuple[nn.Module, ...]
    sites: tuple[Site, ...]

    def drops(self) -> bool:
        """Whether a rate is above 0 at the moment, or unknown."""
        return any(_rate_is_positive(site) for site in self.sites)

    def is_called(self) -> bool:
        """Whether the model runs it by calling it, so that it can be seen to be reached."""
        return any(
            site.kind in {"module", "unregistered"}
            or isinstance(site.module, (nn.RNNBase, nn.MultiheadAttention))
            for site in self.sites
        )

    def is_unregistered(self) -> bool:
        """Whether the model does not know of it, so that `eval()` misses it."""
        return any(site.kind == "unregistered" for site in self.sites)

    def place(self) -> tuple[type[nn.Module], str] | None:
        """The class that holds it, and the attribute; `None` in a container of torch."""
        if len(self.chain) < 2 or isinstance(self.chain[-2], _CONTAINERS):
            return None
        return type(self.chain[-2]), self.name.rpartition(".")[2]

    def is_fixed(self) -> bool:
        """Whether it is kept by `frozen`, or is in a part with parameters of which none learns."""
        return any(is_kept_off(m) for m in self.chain) or self.fixed_part() is not None

    def sleeps_by_intent(self) -> bool:
        """Whether evaluation mode is wanted: it is fixed, or only dropout itself is asleep."""
        asleep = next((module for module in self.chain if not module.training), None)
        return self.is_fixed() or asleep is None or next(asleep.parameters(), None) is None

    def fixed_part(self) -> nn.Module | None:
        """The outermost part around it that has parameters of which none learns."""
        return next((module for module in self.chain if learns_nothing(module)), None)


def watched_in(model: nn.Module, allow: Sequence[str]) -> tuple[Watched, ...]:
    """Find what to watch.

    Args:
        model: Without the wrappers of data-parallel training.
        allow: Patterns of names, as a shell has them, that are not watched.

    Returns:
        Modules with sites, each once.

    Raises:
        SettingError: If a pattern fits no module of the model.
    """
    return group(find_sites(model), model, allow)


def group(sites: Iterable[Site], model: nn.Module, allow: Sequence[str]) -> tuple[Watched, ...]:
    """Collect sites by module, and leave out what is allowed.

    Args:
        sites: Of `model`.
        model: Without the wrappers of data-parallel training.
        allow: Patterns of names.

    Returns:
        Modules with sites, each once.

    Raises:
        SettingError: If a pattern fits neither a site nor a module of the model.
    """
    by_module: dict[int, list[Site]] = {}
    for site in sites:
        by_module.setdefault(id(site.module), []).append(site)
    registered = {name: module for module, name in named_modules(model).items()}
    _check_patterns(allow, [*registered, *(found[0].name for found in by_module.values())])
    return tuple(
        Watched(found[0].name, found[0].module, _chain(found[0], registered), tuple(found))
        for found in by_module.values()
        if not any(fnmatchcase(found[0].name, pattern) for pattern in allow)
    )


def is_sampling(model: nn.Module, watched: Sequence[Watched]) -> bool:
    """Whether only dropout is in training mode, as for Monte Carlo samples.

    Args:
        model: Whose sites they are.
        watched: What is watched in it.

    Returns:
        True if the model and all that is no site are in evaluation mode, and a site that the model
        knows of is not.
    """
    if model.training:
        return False
    sites = {id(w.module) for w in watched}
    if any(module.training and id(module) not in sites for module in model.modules()):
        return False
    return any(w.module.training and not w.is_unregistered() for w in watched)


def _chain(site: Site, registered: dict[str, nn.Module]) -> tuple[nn.Module, ...]:
    parts = site.name.split(".") if site.name else []
    names = [".".join(parts[:depth]) for depth in range(len(parts))]
    return (*(registered[name] for name in names if name in registered), site.module)


def _check_patterns(allow: Sequence[str], names: Iterable[str]) -> None:
    names = list(names)
    for pattern in allow:
        if not any(fnmatchcase(name, pattern) for name in names):
            raise SettingError(
                "allow holds patterns of module names, such as 'prenet.*', each of which fits one; "
                f"got {pattern!r}."
            )


def learns_nothing(module: nn.Module) -> bool:
    """Whether a module has parameters, and none of them learns."""
    learns = [parameter.requires_grad for parameter in module.parameters()]
    return bool(learns) and not any(learns)


def _rate_is_positive(site: Site) -> bool:
    p: object = site.p if site.attribute is None else attrgetter(site.attribute)(site.module)
    if isinstance(p, Tensor):
        return bool((p.detach() > 0).any())
    return not isinstance(p, (int, float)) or p > 0
