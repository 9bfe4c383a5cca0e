"""Compare the sites that torchdrop finds with what a forward really drew."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from torchdrop.sites import Site, find_sites

from .draws import Draw, draws_of
from .entry import Entry

# Their operator is told another number than the layer's rate: DropBlock computes from its rate and
# the size of the map how often a block begins.
_OTHER_RATE = ("DropBlock2d",)


@dataclass(frozen=True, slots=True)
class Count:
    """What dropped in one forward in training mode, counted twice.

    Attributes:
        parameters: Number of the model's parameters.
        ours: torchdrop's sites that were reached and have p > 0: by layers in their own forward,
            and by other modules.
        independent: Modules that drew random numbers, once for each rate, likewise.
        idle: torchdrop's sites with p > 0 that this forward did not come by.
        missed: What drew without a site.
        false: Sites said to drop at which nothing was drawn, or drawn at another rate.
    """

    parameters: int
    ours: Counter[str]
    independent: Counter[str]
    idle: int
    missed: tuple[Draw, ...]
    false: tuple[Site, ...]


def count(entry: Entry) -> Count:
    """Count an architecture's dropout by torchdrop and by the draws, each on its own copy."""
    model, inputs = entry.model(), entry.example()
    drawn = list(draws_of(model, inputs))
    sites = [site for site in find_sites(entry.model(), inputs) if site.p is None or site.p > 0]
    live = [site for site in sites if site.reached]
    layers = {draw.module for draw in drawn if _is_layer(draw)}
    return Count(
        parameters=sum(parameter.numel() for parameter in model.parameters()),
        ours=Counter("layers" if _runs_itself(site) else "others" for site in live),
        independent=Counter(
            "layers" if module in layers else "others"
            for module, _ in {(draw.module, draw.p) for draw in drawn}
        ),
        idle=len(sites) - len(live),
        missed=tuple(d for d in drawn if not any(_explains(site, d) for site in live)),
        false=tuple(s for s in live if not any(_explains(s, d) and _agree(s, d) for d in drawn)),
    )


def _is_layer(draw: Draw) -> bool:
    return "drop" in draw.kind.lower() or draw.kind == "StochasticDepth"


def _runs_itself(site: Site) -> bool:
    return site.kind == "module" and site.place is None


def _explains(site: Site, draw: Draw) -> bool:
    """Whether a site is where a draw was made, or keeps the rate for a call further out."""
    if site.place is None or site.kind != "module":
        return site.name == draw.module
    return Path(site.place).name == draw.place and site.name.startswith(f"{draw.module}.")


def _agree(site: Site, draw: Draw) -> bool:
    """Whether torch was told the rate that the site shows."""
    if draw.p is None or draw.kind in _OTHER_RATE:
        return True
    return site.p is not None and abs(site.p - draw.p) < 1e-6
