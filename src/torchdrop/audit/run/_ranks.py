"""Masks that are equal on all ranks of a distributed run."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, distributed

from ._call import Call
from ._subject import Subject

Group = distributed.ProcessGroup


class Ranks:
    """Compares the random state of data-parallel ranks before one training forward, once.

    It costs one all-gather of 8 bytes a rank, which every rank of the group must take part in.

    Args:
        subject: The model.
        group: The ranks that see other data; `None` for all.
    """

    def __init__(self, subject: Subject, group: Group | None = None) -> None:
        self._subject = subject
        self._group = group
        self._done = False
        self._states: list[int] = []
        self._call: Call | None = None

    def before(self, call: Call) -> None:
        """Gather the states before the first training forward."""
        wanted = call.grad and call.training and not call.backward and not self._done
        if not wanted or not (distributed.is_available() and distributed.is_initialized()):
            return
        self._done, self._call = True, call
        call.state = self._subject.draws.state()
        digest = self._subject.draws.digest()
        self._states = gathered(digest, self._group, _device(self._subject))

    def after(self, call: Call, output: Any) -> None:
        """Report equal states if the forward drew from them."""
        if call is not self._call:
            return
        drew = self._subject.drops() and self._subject.draws.state() != call.state
        if drew and len(self._states) > 1 and len(set(self._states)) == 1:
            self._subject.report(
                "DRP210",
                f"{len(self._states)} ranks began a forward in the same random state, so they drop "
                "the same units.",
                modules=self._subject.layers.on(),
            )


def gathered(state: int, group: Group | None, device: torch.device) -> list[int]:
    """Collect one number of each rank.

    Args:
        state: That of this rank, in 64 bits.
        group: The ranks; `None` for all.
        device: Where the backend communicates.

    Returns:
        All of them, by rank.
    """
    own = torch.tensor([state], dtype=torch.int64, device=device)
    all_of_them: list[Tensor] = [
        torch.empty_like(own) for _ in range(distributed.get_world_size(group))
    ]
    distributed.all_gather(all_of_them, own, group=group)
    return [int(one) for one in all_of_them]


def _device(subject: Subject) -> torch.device:
    parameter = next(subject.root.parameters(), None)
    on_cuda = parameter is not None and parameter.device.type == "cuda"
    return parameter.device if on_cuda and parameter is not None else torch.device("cpu")
