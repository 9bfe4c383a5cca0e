"""Tensors that dropout in place wrote into, and who still takes them for what they were."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from ._steps import Step

_INPLACE_AT = 3


@dataclass(slots=True)
class _Event:
    index: int
    step: Step
    before: Tensor
    old: bool = False
    new: bool = False


@dataclass(slots=True)
class Overwritten:
    """Every dropout in place of one forward, and which of its two names was used afterwards.

    Dropout in place makes one tensor of two: the code has the one from before and the result. Only
    if both are used later, the first use gets what it does not expect.
    """

    events: list[_Event] = field(default_factory=list)

    def note(self, index: int, step: Step, before: Tensor) -> None:
        """Add a dropout that wrote into `before`; `index` is the number of its step."""
        self.events.append(_Event(index, step, before))

    def use(self, tensor: Tensor, made_by: int) -> None:
        """Note that something takes a tensor that the step `made_by` made."""
        for event in self.events:
            if made_by == event.index:
                event.new = True
            elif made_by < event.index and _is_same_memory(tensor, event.before):
                event.old = True

    def corrupted(self) -> list[Step]:
        """List the dropouts whose input was used afterwards besides their result."""
        return [event.step for event in self.events if event.old and event.new]


def works_in_place(name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Whether a call of a dropout function writes into its argument."""
    if name.endswith("_"):
        return True
    return bool(args[_INPLACE_AT] if len(args) > _INPLACE_AT else kwargs.get("inplace", False))


def _is_same_memory(one: Tensor, other: Tensor) -> bool:
    if one is other:
        return True
    return (
        one.numel() == other.numel()
        and one.storage_offset() == other.storage_offset()
        and one.untyped_storage()._cdata == other.untyped_storage()._cdata
    )
