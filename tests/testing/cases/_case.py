"""A dropout with one bug, and which checks must find it."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor, nn


@dataclass(frozen=True)
class Case:
    """A bug that was published, or could be, in as few lines as show it.

    Attributes:
        make: Builds the layer.
        caught: The check that must find it.
        consequences: Checks that find it too; all others must be well.
        settings: Of `check_dropout`.
        p: Probability of dropping.
    """

    make: Callable[[float], nn.Module]
    caught: str
    consequences: Collection[str] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    p: float = 0.1


class Layer(nn.Module):
    """What is right in all cases but one: p is asked for, and evaluation passes through."""

    def __init__(self, p: float = 0.5) -> None:
        if not 0 <= p <= 1:
            raise ValueError(f"p is in [0, 1]; got {p}.")
        super().__init__()
        self.p = p

    def forward(self, x: Tensor) -> Tensor:
        return self.drop(x) if self.training else x

    def drop(self, x: Tensor) -> Tensor:
        """Sound, but for what a case does otherwise."""
        return self.select(x, self.keep(x))

    def keep(self, x: Tensor) -> Tensor:
        """Which elements are kept: bool, broadcastable to `x`."""
        return x.new_empty(x.shape).float().bernoulli_(1 - self.p).bool()

    def select(self, x: Tensor, keep: Tensor) -> Tensor:
        """Scale in float32, round once, and let what is dropped be 0."""
        scaled = x.float() * (1 / (1 - self.p) if self.p < 1 else 1.0)
        return scaled.where(keep, 0.0).to(x.dtype)
