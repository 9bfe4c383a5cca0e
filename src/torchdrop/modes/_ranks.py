"""Seeds for training on many devices."""

from __future__ import annotations

import torch
import torch.distributed

from ..errors import SettingError

_BITS = 64
_WORD = (1 << _BITS) - 1


def seed_per_rank(
    seed: int,
    *,
    data: int | torch.distributed.ProcessGroup,
    tensor: int | torch.distributed.ProcessGroup = 0,
    sharded: bool = False,
) -> int:
    """Derive the seed of one rank: masks differ where they should and agree where they must.

    Ranks that see other data shall drop other nodes: else every mask is drawn only once for the
    whole batch. Ranks that hold parts of one layer compute the same activations twice wherever
    these are not split, and must drop the same nodes of them: else the copies drift apart.

    Args:
        seed: The seed of the run, the same on all ranks, at least 0.
        data: The rank among those that see other data, from 0; or their process group.
        tensor: The rank among those that share layers (tensor parallel), from 0; or their process
            group. It plays no part unless `sharded`.
        sharded: Whether the seed is for what is split among the ranks of `tensor`, such as
            attention heads of their own or a part of the sequence: then these differ too.

    Returns:
        In `[0, 2**62)`; the same on every machine. Different pairs of ranks give different seeds
        but for a chance of 2**-62.

    Raises:
        SettingError: If a seed or rank is negative, or this process is not in a group.

    Example:
        >>> seed_per_rank(0, data=0, tensor=1) == seed_per_rank(0, data=0, tensor=0)
        True
        >>> seed_per_rank(0, data=1) == seed_per_rank(0, data=0)
        False

    Source:
        The two seeds, one that agrees within the group and one that does not, are those of
        Megatron-LM (`model_parallel_cuda_manual_seed`). It adds ranks to the seed, so that the
        runs of neighboring seeds share streams; here they are mixed by SplitMix64 (Steele, Lea
        and Flood, OOPSLA 2014).
    """
    parts = [("seed", seed), ("data", _rank("data", data)), ("tensor", _rank("tensor", tensor))]
    for name, number in parts:
        if number < 0:
            raise SettingError(f"{name} is at least 0; got {name}={number}.")
    mixed = _mixed(seed)
    for number in (parts[1][1], 1 + parts[2][1] if sharded else 0):
        mixed = _mixed(mixed ^ number)
    return mixed >> 2


def manual_seed_per_rank(
    seed: int,
    *,
    data: int | torch.distributed.ProcessGroup,
    tensor: int | torch.distributed.ProcessGroup = 0,
    sharded: bool = False,
) -> int:
    """Seed torch's generators, on all devices of this process, with `seed_per_rank`.

    Call it after the model is built, since ranks must begin with the same weights.

    Args:
        seed: As in `seed_per_rank`.
        data: As in `seed_per_rank`.
        tensor: As in `seed_per_rank`.
        sharded: As in `seed_per_rank`.

    Returns:
        The seed of this rank.

    Raises:
        SettingError: If a seed or rank is negative, or this process is not in a group.

    Example:
        >>> import torch
        >>> rank = manual_seed_per_rank(0, data=3)
        >>> torch.initial_seed() == rank == seed_per_rank(0, data=3)
        True
    """
    own = seed_per_rank(seed, data=data, tensor=tensor, sharded=sharded)
    torch.manual_seed(own)
    return own


def mixed_seed(seed: int, number: int) -> int:
    """Derive one of many seeds from one.

    Args:
        seed: At least 0.
        number: Which, from 0.

    Returns:
        In `[0, 2**62)`.
    """
    return _mixed(_mixed(seed) ^ number) >> 2


def _rank(name: str, place: int | torch.distributed.ProcessGroup) -> int:
    if isinstance(place, int):
        return place
    rank = torch.distributed.get_rank(place)
    if rank < 0:
        raise SettingError(f"{name} is a group that this process is in; got one that it is not in.")
    return rank


def _mixed(number: int) -> int:
    """SplitMix64's step and finalizer: one to one over 64 bits."""
    word = (number + 0x9E3779B97F4A7C15) & _WORD
    word = ((word ^ word >> 30) * 0xBF58476D1CE4E5B9) & _WORD
    word = ((word ^ word >> 27) * 0x94D049BB133111EB) & _WORD
    return word ^ word >> 31
