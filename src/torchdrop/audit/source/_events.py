"""What a function does with models: forwards, backward passes, steps, and how it leaves them."""

from __future__ import annotations

import ast
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from ._file import Function, SourceFile
from ._state import Conditions, Settings, State

Gradient: TypeAlias = Literal["on", "off", "unknown"]
Callable_: TypeAlias = Function | ast.Lambda


@dataclass(frozen=True, slots=True)
class Forward:
    """A model is run.

    Attributes:
        key: Which one.
        name: What it is called there.
        node: The call, of the model or of a function that runs it.
        modes: How its mode may have come about.
        parts: Modes of its parts that were set by themselves.
        gradient: Whether gradients are recorded.
        via: The function that runs it, if another.
        learns: Whether that function also calls backward on the result.
    """

    key: str
    name: str
    node: ast.Call
    modes: Settings
    parts: Settings = frozenset()
    gradient: Gradient = "on"
    via: str = ""
    learns: bool = False


@dataclass(frozen=True, slots=True)
class Update:
    """A call of backward, or an optimizer's step.

    Attributes:
        kind: Which.
        node: The call, or that of a function that does it.
        optimizer: Name of the optimizer.
        owned: Keys of models whose parameters it has; `None` if that is not known.
        when: Under which tests.
        via: The function that does it, if another.
    """

    kind: Literal["backward", "step"]
    node: ast.Call
    optimizer: str = ""
    owned: frozenset[str] | None = None
    when: Conditions = frozenset()
    via: str = ""


@dataclass(frozen=True, slots=True)
class Switch:
    """A mode is set.

    Attributes:
        key: Of which model.
        name: What it is called there.
        node: The call.
        mode: What it sets.
        via: The function that does it, if another.
        before: The modes before.
    """

    key: str
    name: str
    node: ast.AST
    mode: str
    via: str = ""
    before: Settings = frozenset()


@dataclass(slots=True)
class Flow:
    """A function, or a file's own statements, followed from beginning to end.

    Attributes:
        file: Where.
        node: The function; the module for a file's own statements.
        forwards: In order.
        updates: In order.
        switches: In order.
        exports: Models that are traced or exported, as if they ran.
        exits: The states in which it is left, with what it returns.
        yields: The states at each `yield`.
    """

    file: SourceFile
    node: ast.AST
    forwards: list[Forward] = field(default_factory=list)
    updates: list[Update] = field(default_factory=list)
    switches: list[Switch] = field(default_factory=list)
    exports: list[Forward] = field(default_factory=list)
    exits: list[tuple[State, ast.expr | None]] = field(default_factory=list)
    yields: list[State] = field(default_factory=list)

    @property
    def exit(self) -> State:
        """All exits together."""
        whole: State | None = None
        for state, _ in self.exits:
            whole = state if whole is None else whole.joined(state)
        return whole or State()

    @property
    def name(self) -> str:
        """The function's name; empty for a file's own statements."""
        return str(getattr(self.node, "name", ""))
