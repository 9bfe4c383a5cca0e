"""What feeds what in a model, as a graph of calls."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from torch import nn

Kind: TypeAlias = Literal[
    "input", "weight", "activation", "dropout", "batch_norm", "sum", "product", "other", "output"
]


@dataclass(frozen=True, slots=True)
class Step:
    """One call in a forward: of a layer, or of a function.

    Attributes:
        index: Its number, in the order of the calls.
        kind: What matters about it; `other` does not matter.
        site: The layer's name, or that of the module whose forward calls the function.
        layer: The layer; `None` for a function.
        what: The function's name or the layer's class.
        sources: The steps whose results it takes.
        main: The step that its first argument comes from; `None` if that is a constant.
        place: For a function, `file.py:12`.
        rank: Axes of its result; `None` if it has not run.
        size: Elements of its result; `None` if it has not run.
    """

    index: int
    kind: Kind
    site: str
    layer: nn.Module | None
    what: str
    sources: tuple[int, ...]
    main: int | None = None
    place: str | None = None
    rank: int | None = None
    size: int | None = None

    def __str__(self) -> str:
        if self.layer is None:
            return f"{self.what}()"
        return self.site or "the model"


@dataclass(slots=True)
class Flow:
    """The steps of one forward, or those that a model's structure suggests.

    Attributes:
        steps: In the order of the calls; a step's sources come before it.
        uses: The steps that take the result of each step.
        hidden: Layers that call activations between weights of their own: name and function.
        guess: Whether it rests on the order of registration in modules with a forward of their own.
    """

    steps: list[Step] = field(default_factory=list)
    uses: list[list[int]] = field(default_factory=list)
    hidden: list[tuple[str, str]] = field(default_factory=list)
    guess: bool = False

    def add(self, kind: Kind, site: str, sources: Iterable[int], **details: Any) -> int:
        """Append a step, and give its number.

        Args:
            kind: As in `Step`.
            site: As in `Step`.
            sources: As in `Step`; repetitions are left out.
            **details: What else a `Step` has.

        Returns:
            The step's index.
        """
        index = len(self.steps)
        step = Step(index, kind, site, sources=tuple(dict.fromkeys(sources)), **details)
        self.steps.append(step)
        self.uses.append([])
        for source in step.sources:
            self.uses[source].append(index)
        return index

    def of_kind(self, kind: Kind) -> Iterator[Step]:
        """Yield the steps of one kind, in order."""
        return (step for step in self.steps if step.kind == kind)

    def before(self, index: int, *, stop: frozenset[Kind] = frozenset()) -> set[int]:
        """Find every step that a result depends on; the way back ends at the kinds in `stop`."""
        found: set[int] = set()
        todo = list(self.steps[index].sources)
        while todo:
            here = todo.pop()
            if here not in found:
                found.add(here)
                if self.steps[here].kind not in stop:
                    todo += self.steps[here].sources
        return found

    def after(self, index: int, *, stop: frozenset[Kind]) -> list[tuple[int, int]]:
        """List the steps that a result reaches, as pairs of the step before and the step.

        Args:
            index: Where to start.
            stop: Kinds of step at which the way ends; they are listed themselves.

        Returns:
            Each pair once; a step comes twice if the result reaches it by two ways.
        """
        found: dict[tuple[int, int], None] = {}
        entered = {index}
        todo = [index]
        while todo:
            here = todo.pop()
            for there in self.uses[here]:
                found[here, there] = None
                if self.steps[there].kind not in stop and there not in entered:
                    entered.add(there)
                    todo.append(there)
        return list(found)
