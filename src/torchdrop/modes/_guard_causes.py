"""What the modes of watched modules say about a training step. Nothing here is remembered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import nn

from ._guard_sites import Flags, Watched, learns_nothing


def is_awake(watched: Sequence[Watched], flags: Flags) -> bool:
    """Whether a forward with these modes drops anything, unregistered layers aside."""
    pairs = zip(watched, flags, strict=True)
    return any(on and not w.is_unregistered() and w.drops() for w, on in pairs)


def active(watched: Sequence[Watched], flags: Flags) -> tuple[str, ...]:
    """Name what drops in a forward with these modes."""
    return tuple(w.name for w, on in zip(watched, flags, strict=True) if on and w.drops())


def forgotten(watched: Sequence[Watched]) -> tuple[str, ...]:
    """Name what should drop in training, but sleeps in a part that learns.

    Args:
        watched: Modules, of which none drops at the moment.

    Returns:
        Those with p > 0, without what sleeps by intent.
    """
    asleep = [w for w in watched if not w.module.training]
    return tuple(w.name for w in asleep if w.drops() and not w.sleeps_by_intent())


def fixed_parts(watched: Sequence[Watched], flags: Flags) -> dict[int, nn.Module]:
    """Find what sleeps because the part around it is not to learn.

    Args:
        watched: Modules.
        flags: Their modes.

    Returns:
        The part for each such module, by its index.
    """
    parts = {i: watched[i].fixed_part() for i, on in enumerate(flags) if not on}
    return {i: part for i, part in parts.items() if part is not None}


def changed(
    watched: Sequence[Watched], flags: Flags, first: Flags, fixed: Mapping[int, nn.Module]
) -> tuple[str, ...]:
    """Name what fell asleep or woke between two training steps, without anybody wanting it.

    Args:
        watched: Modules.
        flags: Their modes now.
        first: Their modes at the epoch's first step.
        fixed: What was asleep in a part that does not learn, from `fixed_parts`.

    Returns:
        What was on and is off, in a part that learns; and what is on, in a part that does not.
    """
    names = []
    for i, w in enumerate(watched):
        fell_asleep = first[i] and not flags[i] and not w.sleeps_by_intent()
        woke = flags[i] and i in fixed and learns_nothing(fixed[i])
        if (fell_asleep or woke) and w.drops():
            names.append(w.name)
    return tuple(names)


def never_on(watched: Sequence[Watched], ever: Flags) -> tuple[str, ...]:
    """Name what could drop, if nothing ever did.

    Args:
        watched: Modules.
        ever: Whether each was in training mode in any training step.

    Returns:
        Nothing if anything dropped; what is fixed is left out.
    """
    if is_awake(watched, ever):
        return ()
    registered = [w for w in watched if not w.is_unregistered()]
    return tuple(w.name for w in registered if w.drops() and not w.is_fixed())


def never_called(
    watched: Sequence[Watched], ever: Flags, uncalled: Sequence[Watched], callers: Sequence[str]
) -> tuple[str, ...]:
    """Name what has p > 0 and was on, but is not run by the model.

    Args:
        watched: Modules.
        ever: Whether each was in training mode in any training step.
        uncalled: Those of them that nobody called.
        callers: Names of modules whose forward calls dropout functions. They may do so with the p
            of a layer that they hold, as attention does, so their layers are left out.

    Returns:
        The names, without layers that are called in another module of the same class: blocks that
        have no residual branch keep its dropout, too.
    """
    on = [w for w, flag in zip(watched, ever, strict=True) if flag]
    missed = [w for w in on if w in uncalled and w.drops()]
    elsewhere = {w.place() for w in watched if w not in uncalled} - {None}
    return tuple(
        w.name
        for w in missed
        if w.name.rpartition(".")[0] not in callers and w.place() not in elsewhere
    )
