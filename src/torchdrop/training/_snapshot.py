"""Training between two epochs, as tensors and plain facts: all that is needed to go on.

Whoever goes on from a snapshot computes what would have been computed without the interruption,
bit for bit. A network's parameters and buffers are in it; Python attributes of its modules are not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from itertools import chain
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from ..errors import ModelError
from ._history import Epoch


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Training between two epochs.

    Attributes:
        tensors: Copies, by name: weights, best weights, optimizer, states of generators.
        facts: The epochs so far and what else is no tensor, as plain JSON types.
    """

    tensors: Mapping[str, Tensor]
    facts: Mapping[str, Any]

    def part(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names begin with `prefix/`, without it."""
        start = f"{prefix}/"
        return {n[len(start) :]: t for n, t in self.tensors.items() if n.startswith(start)}


Offer: TypeAlias = Callable[[Callable[[], Snapshot]], None]
"""Called between two epochs with a function that takes the snapshot, if it is wanted."""


def named(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Copy tensors, under names that begin with `prefix/`."""
    return {f"{prefix}/{name}": value.detach().clone() for name, value in tensors.items()}


def tensors_of(model: nn.Module) -> dict[str, Tensor]:
    """All parameters and buffers, also those that `state_dict` leaves out."""
    return dict(
        chain(
            model.named_parameters(remove_duplicate=False),
            model.named_buffers(remove_duplicate=False),
        )
    )


@torch.no_grad()
def copy_into_(targets: Mapping[str, Tensor], sources: Mapping[str, Tensor]) -> None:
    """Overwrite tensors with those of the same names.

    Args:
        targets: Changed in place.
        sources: As many, of the same shapes.

    Raises:
        ModelError: If names or shapes differ; nothing is changed then.
    """
    wanted = {name: tuple(value.shape) for name, value in targets.items()}
    given = {name: tuple(value.shape) for name, value in sources.items()}
    if wanted != given:
        name = next(n for n in sorted({*wanted, *given}) if wanted.get(n) != given.get(n))
        raise ModelError(
            f"The network is not the one that the snapshot was taken of: {name} is "
            f"{wanted.get(name, 'missing')}, was {given.get(name, 'missing')}. Bring the old one "
            "back, or start anew."
        )
    for name, value in targets.items():
        value.copy_(sources[name])


def optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    """An optimizer's state, by `<number of the parameter>/<name>`.

    Args:
        optimizer: One that has taken a step or none.

    Returns:
        Its tensors, no copies.

    Raises:
        TypeError: If a part of it is no tensor, and so would be lost.
    """
    result = {}
    for number, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            if not isinstance(value, Tensor):
                raise TypeError(f"the optimizer's {name} is a {type(value).__name__}, no tensor")
            result[f"{number}/{name}"] = value
    return result


def load_optimizer_(optimizer: torch.optim.Optimizer, tensors: Mapping[str, Tensor]) -> None:
    """Give an optimizer of the same parameters the state that `optimizer_tensors` returned."""
    state: dict[int, dict[str, Tensor]] = {}
    for key, value in tensors.items():
        number, _, name = key.partition("/")
        state.setdefault(int(number), {})[name] = value.clone()
    optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def epochs_to_facts(epochs: list[Epoch]) -> list[dict[str, Any]]:
    """Epochs as plain JSON types."""
    return [asdict(epoch) for epoch in epochs]


def epochs_from_facts(facts: list[dict[str, Any]]) -> list[Epoch]:
    """Rebuild what `epochs_to_facts` was given."""
    return [Epoch.from_dict(fact) for fact in facts]
