"""What deserves a sentence about the places where a model drops."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ._site import Site


def remarks(sites: Sequence[Site]) -> tuple[str, ...]:
    """Say what is odd about a model's dropout.

    Args:
        sites: As `find_sites` gives them.

    Returns:
        A sentence for each oddity that occurs: sites that still drop in evaluation mode, that the
        example never reached, that were reached and dropped nothing, and layers in plain lists.

    Example:
        >>> from torch import nn
        >>> layer = nn.Dropout()
        >>> site = Site(
        ...     name="fc.drop", kind="module", what="Dropout", p=0.5, follows_training=True,
        ...     reached=False, module=layer,
        ... )
        >>> remarks([site])
        ('Configured but never reached by this example: fc.drop.',)
    """
    always = [s for s in sites if s.follows_training is False and s.kind != "unregistered"]
    hidden = [s for s in sites if s.kind == "unregistered" and s.follows_training is False]
    lost = [s for s in sites if s.reached is False and s.p != 0]
    unseen = [s for s in sites if s.reached is None and s.p != 0 and _was_run(sites)]
    idle = [s for s in sites if s.reached and s.rate == 0 and s.p not in (0, None)]
    found = (
        ("Still drops in evaluation mode: {}.", always),
        (
            "In a plain list or dict, which model.eval(), to() and parameters() miss: {}; use "
            "nn.ModuleList or nn.ModuleDict.",
            hidden,
        ),
        ("Configured but never reached by this example: {}.", lost),
        ("Kept as a number, but no call took it (unused, or applied by hand): {}.", unseen),
        ("Reached in training mode, but dropped nothing: {}.", idle),
    )
    return tuple(sentence.format(_names(some)) for sentence, some in found if some)


def _was_run(sites: Iterable[Site]) -> bool:
    return any(site.reached is not None for site in sites)


def _names(sites: Iterable[Site]) -> str:
    return ", ".join(
        f"{site.name or 'the model itself'}{'' if site.kind == 'module' else f' {site.what}'}"
        f"{f' at {site.place}' if site.kind == 'call' else ''}"
        for site in sites
    )
