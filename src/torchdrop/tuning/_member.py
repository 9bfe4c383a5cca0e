"""One trained network of the grid."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..training import Epoch, History


@dataclass(frozen=True, slots=True)
class Member:
    """One trained network of the grid.

    Attributes:
        p: Probability of dropping it was trained with.
        seed: Number of its seed; members of equal seed share initial weights and batch order.
        history: Its epochs.
        test_loss: Loss on the test part at the best epoch, in evaluation mode.
        test_accuracy: Accuracy on the test part, in [0, 1]; `None` in regression.
    """

    p: float
    seed: int
    history: History
    test_loss: float
    test_accuracy: float | None

    @property
    def name(self) -> str:
        """A short name that can be a file's name, such as `p0.3-seed2`."""
        return f"p{self.p:g}-seed{self.seed}"

    def to_dict(self) -> dict[str, Any]:
        """The member as plain JSON types, without its epochs."""
        return {
            "p": self.p,
            "seed": self.seed,
            "test_loss": self.test_loss,
            "test_accuracy": self.test_accuracy,
        }

    @classmethod
    def from_dict(cls, content: Mapping[str, Any], epochs: tuple[Epoch, ...]) -> Member:
        """Rebuild a member from its epochs and `to_dict`'s content, where losses may be text."""
        accuracy = content["test_accuracy"]
        return cls(
            p=content["p"],
            seed=content["seed"],
            history=History(epochs),
            test_loss=float(content["test_loss"]),
            test_accuracy=None if accuracy is None else float(accuracy),
        )
