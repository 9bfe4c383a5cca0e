"""Decide where dropout goes: after each activation that feeds another layer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from torch import nn

from ._changes import Change
from ._flow import Flow, Kind, Step
from ._kinds import GATING
from ._layers import describe

Residual: TypeAlias = Literal["inside", "anywhere"]
_WALLS: frozenset[Kind] = frozenset({"weight", "activation", "dropout", "output"})
_WALLS_OF_NORM: frozenset[Kind] = frozenset({"activation", "output"})


@dataclass(frozen=True, slots=True)
class Placement:
    """One place for a dropout.

    Attributes:
        step: The layer that it belongs to.
        way: `after` that layer's result, or in `front` of it, on its first argument.
        feeds: The layers with weights that get what is dropped.
        why: The reason, in a few words.
    """

    step: Step
    way: Literal["after", "front"]
    feeds: tuple[Step, ...]
    why: str


class Planner:
    """Goes through the activations of a flow, and finds a place for each or the reason for none.

    Args:
        flow: What feeds what.
        residual: `inside` branches only, or `anywhere`.
        before_norm: Whether dropout may come before batch normalization.
    """

    def __init__(self, flow: Flow, *, residual: Residual, before_norm: bool) -> None:
        self._flow = flow
        self._residual = residual
        self._before_norm = before_norm
        self._after: dict[int, Placement] = {}
        self._front: dict[int, Placement] = {}
        self._left: dict[int, str] = {}

    def plan(self) -> tuple[list[Placement], list[Change]]:
        """Give the placements, one for each layer, and what was left alone."""
        activations = list(self._flow.of_kind("activation"))
        for step in activations:
            self._consider(step)
        self._agree()
        for number, placement in list(self._front.items()):
            if any(placement.step in other.feeds for other in self._after.values()):
                del self._front[number]
                self._left[number] = "dropout comes with its other input already"
        chosen = sorted(
            [*self._after.values(), *self._front.values()], key=lambda each: each.step.index
        )
        once = {(each.step.layer, each.way): each for each in reversed(chosen)}
        return list(reversed(once.values())), list(self._refusals(activations))

    def _consider(self, step: Step) -> None:
        reach = [(self._flow.steps[a], self._flow.steps[b]) for a, b in self._reach(step.index)]
        ends = {there.kind for _, there in reach}
        feeds = tuple(dict.fromkeys(there for _, there in reach if there.kind == "weight"))
        why = self._refusal(step, ends, feeds)
        if why is not None:
            self._left[step.index] = why
        elif self._is_open(step, ends, reach) and step.layer is not None:
            self._put_after(step, feeds)
        else:
            self._put_in_front(step, [(a, b) for a, b in reach if b.kind == "weight"])

    def _reach(self, index: int) -> list[tuple[int, int]]:
        return self._flow.after(index, stop=_WALLS)

    def _passed(self, step: Step) -> set[int]:
        """Find the steps that hand a result on, from its own to the last before each wall."""
        return {step.index, *(before for before, _ in self._reach(step.index))}

    def _refusal(self, step: Step, ends: set[Kind], feeds: tuple[Step, ...]) -> str | None:
        behind = [self._flow.steps[i] for i in self._flow.before(step.index)]
        if not any(each.kind == "weight" for each in behind):
            return "no layer with weights comes before it"
        direct = self._flow.before(step.index, stop=frozenset({*_WALLS, "sum", "product"}))
        if any(self._flow.steps[i].kind == "dropout" for i in direct):
            return "dropout comes right before it"
        if not feeds:
            return _why_no_feed(ends)
        return "a gate: it scales another tensor" if self._is_gate(step) else None

    def _is_gate(self, step: Step) -> bool:
        passed = self._passed(step)
        for product in (self._flow.steps[i] for i in passed):
            if product.kind != "product" or passed.issuperset(product.sources):
                continue
            small = (product.size or 0) > (step.size or 0)
            if small or step.what in GATING:
                return True
        return False

    def _is_open(self, step: Step, ends: set[Kind], reach: list[tuple[Step, Step]]) -> bool:
        """Whether all that takes the result leads to layers with weights, and may be dropped."""
        if ends & {"dropout", "output", "activation"}:
            return False
        if any(there.kind == "product" for _, there in reach):
            return False
        return self._residual == "anywhere" or not self._skips(step)

    def _skips(self, step: Step) -> set[int]:
        """Find the additions where a result meets what layers with weights have made of it."""
        passed = self._passed(step)
        return {
            there
            for there in passed
            if self._flow.steps[there].kind == "sum"
            and any(
                step.index in self._flow.before(source)
                for source in self._flow.steps[there].sources
                if source not in passed
            )
        }

    def _put_after(self, step: Step, feeds: tuple[Step, ...]) -> None:
        if why := self._norm_after(step.index):
            self._left[step.index] = why
            return
        names = " and ".join(map(str, feeds))
        guess = ", by the order of registration" if self._flow.guess else ""
        self._after[step.index] = Placement(step, "after", feeds, f"feeds {names}{guess}")

    def _put_in_front(self, step: Step, reach: list[tuple[Step, Step]]) -> None:
        near = self._inside(step) if self._residual == "inside" else None
        whys: list[str] = []
        placed = False
        for before, layer in reach:
            why = self._no_front(before, layer, near)
            if why is None:
                source = step.what + "()" if step.layer is None else str(step)
                about = f"fed by {source}" + (f" at {step.place}" if step.place else "")
                self._front[layer.index] = Placement(layer, "front", (layer,), about)
                placed = True
            else:
                whys.append(why)
        if not placed:
            self._left[step.index] = whys[0]

    def _inside(self, step: Step) -> set[int]:
        """Find what a result reaches without an addition: with it, the branch would be over."""
        return {b for _, b in self._flow.after(step.index, stop=_WALLS | {"sum"})}

    def _no_front(self, before: Step, layer: Step, near: set[int] | None) -> str | None:
        if layer.layer is None:
            return f"a call, and what it feeds is one too: {layer.what}()"
        if isinstance(layer.layer, nn.MultiheadAttention) or before.index != layer.main:
            return f"{layer} takes it as another argument than its first"
        if near is not None and layer.index not in near:
            return f"only an addition leads to {layer}: dropout would be outside of the branch"
        return self._norm_after(layer.index)

    def _norm_after(self, index: int) -> str | None:
        if self._before_norm:
            return None
        for _, there in self._flow.after(index, stop=_WALLS_OF_NORM):
            if self._flow.steps[there].kind == "batch_norm":
                norm = self._flow.steps[there]
                return f"batch normalization follows ({norm}): its variance would be another"
        return None

    def _agree(self) -> None:
        """Let every call of a layer be of one mind, for they all run the same object."""
        calls: dict[nn.Module, list[Step]] = {}
        for step in self._flow.steps:
            if step.layer is not None:
                calls.setdefault(step.layer, []).append(step)
        for number, placement in list(self._after.items()):
            mates = calls[placement.step.layer]  # type: ignore[index]
            if number in self._after and any(mate.index not in self._after for mate in mates):
                for mate in mates:
                    if self._after.pop(mate.index, None):
                        reach = self._reach(mate.index)
                        pairs = [(self._flow.steps[a], self._flow.steps[b]) for a, b in reach]
                        weights = [(a, b) for a, b in pairs if b.kind == "weight"]
                        self._put_in_front(mate, weights)
        for number, placement in list(self._front.items()):
            mates = calls[placement.step.layer]  # type: ignore[index]
            if any(mate.index not in self._front for mate in mates):
                del self._front[number]
                self._left[number] = "it runs elsewhere too, where nothing is to be dropped"

    def _refusals(self, activations: list[Step]) -> Iterator[Change]:
        known = {step.index for step in activations}
        layers = [self._flow.steps[i] for i in sorted(self._left) if i not in known]
        for step in (*activations, *layers):
            if step.index in self._left:
                why = self._left[step.index]
                shown = f"{step.what}()" if step.layer is None else describe(step.layer)
                at = f", at {step.place}" if step.place else ""
                yield Change(step.site, shown, shown, f"{why}{at}")


def _why_no_feed(ends: set[Kind]) -> str:
    if "dropout" in ends:
        return "dropout follows already"
    if "activation" in ends:
        return "another activation comes before the next layer with weights"
    return "no layer with weights follows"
