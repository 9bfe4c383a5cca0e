"""The model that is watched, as each part of a watch sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import nn
from torch.optim import Optimizer

from .._finding import Severity
from ._draws import Draws
from ._journal import Journal
from ._layers import Layers
from ._scene import Scene


@dataclass(eq=False)
class Subject:
    """A model and what is known of it.

    Attributes:
        root: The module that is called.
        model: The same without wrappers, whose names are reported.
        journal: Takes findings.
        layers: Its dropout layers.
        draws: Its random state.
        opaque: Whether calls inside go unseen, as in compiled parts.
        steps: Steps of its optimizers so far.
        closure: The optimizer whose closure is running.
        calls_drop: Whether a forward in training was seen to drop in a function.
    """

    root: nn.Module
    model: nn.Module
    journal: Journal
    layers: Layers
    draws: Draws
    opaque: bool
    steps: int = 0
    closure: Optimizer | None = None
    calls_drop: bool = False
    _name: str = field(init=False)

    def __post_init__(self) -> None:
        self._name = type(self.model).__name__

    def drops(self) -> bool:
        """Whether a forward now would drop anything, as far as that is known."""
        return bool(self.layers.on()) or (self.calls_drop and self.model.training)

    def has(self, rule: str) -> bool:
        """Whether a rule was reported of this model."""
        return self.journal.has(rule, id(self.root))

    def report(
        self,
        rule: str,
        message: str,
        *,
        modules: Sequence[str] = (),
        fix: str | None = None,
        severity: Severity | None = None,
        scene: Scene | None = None,
    ) -> None:
        """Report a finding of this model.

        Args:
            rule: Its id.
            message: What is wrong, in one sentence.
            modules: Names of the layers concerned; the first is the finding's place.
            fix: What to do, if other than the rule says.
            severity: If other than the rule's.
            scene: Where; `None` takes the line that is running.
        """
        self.journal.report(
            rule,
            id(self.root),
            f"{self._name}: {message}",
            fix=fix,
            severity=severity,
            module=modules[0] if modules else None,
            scene=scene,
        )
