"""What feeds what in a model, as a list of steps."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from torch import nn

from ._draft import Line

Kind: TypeAlias = Literal[
    "input",
    "weight",
    "relu",  # commutes with dropout: f(c x) = c f(x) for c >= 0
    "selu",
    "activation",  # any other
    "probabilities",
    "dropout",
    "batch_norm",
    "other",
    "output",
]

Form: TypeAlias = Literal["elements", "channels", "alpha", "other"]


@dataclass(slots=True)
class Step:
    """One call in a forward: of a layer, or of a function.

    Attributes:
        kind: What matters about it.
        module: Qualified name of the layer, or of the module whose forward calls the function.
        what: The layer's class, or the function.
        layer: The layer; `None` for a function.
        sources: The steps whose results it takes, the first argument's first.
        line: Where the function is called, or the layer built.
        p: For a dropout, its rate.
        form: For a dropout, what it drops.
        given: For a dropout, the shape that came in; `None` if it has not run.
        made: Shape of the result; `None` if it has not run.
    """

    kind: Kind
    module: str
    what: str
    layer: nn.Module | None = None
    sources: tuple[int, ...] = ()
    line: Line | None = None
    p: float = 0.0
    form: Form = "elements"
    given: tuple[int, ...] | None = None
    made: tuple[int, ...] | None = None

    @property
    def parent(self) -> str:
        """The name of the module that holds the layer, or that calls the function."""
        return self.module.rpartition(".")[0] if self.layer is not None else self.module


@dataclass(slots=True)
class Flow:
    """The steps of one forward, or those of a `Sequential` by its order.

    Only what drops is a step of the kind `dropout`; what is off or has p = 0 leaves no step.

    Attributes:
        steps: In the order of the calls; a step's sources come before it.
        shape: Of the first input; `None` if nothing has run.
    """

    steps: list[Step] = field(default_factory=list)
    shape: tuple[int, ...] | None = None

    def add(self, step: Step) -> int:
        """Append a step, and give its number."""
        self.steps.append(step)
        return len(self.steps) - 1

    def of(self, kind: Kind) -> Iterator[Step]:
        """Yield the steps of one kind, in order."""
        return (step for step in self.steps if step.kind == kind)

    def source(self, step: Step) -> Step | None:
        """Give the step that the first argument comes from."""
        return self.steps[step.sources[0]] if step.sources else None

    def feeding(self, step: Step, kind: Kind) -> Iterator[Step]:
        """Yield the steps of one kind whose results a step takes itself."""
        return (self.steps[i] for i in step.sources if self.steps[i].kind == kind)

    def takers(self, step: Step) -> list[Step]:
        """List the steps that take a result."""
        index = next(i for i, other in enumerate(self.steps) if other is step)
        return [other for other in self.steps if index in other.sources]
