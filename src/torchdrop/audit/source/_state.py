"""What is known of every model at one point of a function: its mode, and who set it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

Mode: TypeAlias = Literal["entry", "train", "eval", "fresh", "pretrained", "unknown"]
"""As it came in, switched, made here (in training mode), loaded by `from_pretrained` (in
evaluation mode), or not known."""

Conditions: TypeAlias = frozenset[tuple[str, bool]]
"""Tests, as text, and how they came out."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One way in which a model may have come to its mode.

    Attributes:
        mode: Which.
        node: The call that set it, in the function at hand; `None` as it came in.
        name: What the model was called there.
        via: The function that did it, if another.
        carried: The loop around whose end it came.
        when: Under which tests.
        is_alias: Whether `name` is one of two names of the model by a plain assignment.
    """

    mode: Mode
    node: ast.AST | None = None
    name: str = ""
    via: str = ""
    carried: ast.AST | None = None
    when: Conditions = frozenset()
    is_alias: bool = False


Settings: TypeAlias = frozenset[Setting]
ENTRY: Settings = frozenset([Setting("entry")])
UNKNOWN = Setting("unknown")


@dataclass(slots=True)
class State:
    """Modes at one point.

    Attributes:
        modes: By the model's key, such as `model` or `self.net`.
        alias: Names that stand for another key.
        saved: Variables that hold a model's mode.
        owned: Keys whose parameters an optimizer has.
        rebound: Parameters that got another value.
        plain: Names that share a model by a plain assignment, such as `teacher = student`.
    """

    modes: dict[str, Settings] = field(default_factory=dict)
    alias: dict[str, str] = field(default_factory=dict)
    saved: dict[str, Settings] = field(default_factory=dict)
    owned: dict[str, frozenset[str]] = field(default_factory=dict)
    rebound: set[str] = field(default_factory=set)
    plain: frozenset[str] = frozenset()

    def of(self, key: str) -> Settings:
        """Modes of a model: its own, or those of the model that it is a part of."""
        while key:
            if key in self.modes:
                return self.modes[key]
            key = key.rpartition(".")[0]
        return ENTRY

    def put(self, key: str, settings: Settings) -> None:
        """Set the modes of a model and of all its parts."""
        for part in [one for one in self.modes if one.startswith(f"{key}.")]:
            del self.modes[part]
        self.modes[key] = settings

    def parts(self, key: str) -> Settings:
        """Modes of parts that were set by themselves."""
        found = (s for one, s in self.modes.items() if one.startswith(f"{key}."))
        return frozenset(setting for settings in found for setting in settings)

    def forget(self, name: str) -> None:
        """Let a name stand for something new; who shares its old model keeps that."""
        self.alias.pop(name, None)
        heirs = [other for other, key in self.alias.items() if key == name]
        if heirs:
            self.modes[heirs[0]] = self.of(name)
            for other in heirs:
                self.alias[other] = heirs[0]
            self.alias.pop(heirs[0])
        self.saved.pop(name, None)
        self.owned.pop(name, None)
        self.rebound.add(name)

    def copy(self) -> State:
        """A state of its own."""
        return State(
            dict(self.modes),
            dict(self.alias),
            dict(self.saved),
            dict(self.owned),
            set(self.rebound),
            self.plain,
        )

    def joined(self, other: State | None) -> State:
        """What is known where two ways meet."""
        if other is None:
            return self
        keys = self.modes.keys() | other.modes.keys()
        return State(
            {key: self.of(key) | other.of(key) for key in keys},
            dict(self.alias.items() & other.alias.items()),
            {k: self.saved.get(k, v) | v for k, v in (self.saved | other.saved).items()},
            self.owned | other.owned,
            self.rebound | other.rebound,
            self.plain | other.plain,
        )

    def carried(self, loop: ast.AST) -> State:
        """The state at the beginning of a loop's next turn."""
        return self._mapped(
            lambda s: (
                replace(s, carried=s.carried or loop, when=frozenset())
                if _is_inside(s.node, loop)
                else s
            )
        )

    def left(self, loop: ast.AST) -> State:
        """The state behind a loop."""
        return self._mapped(lambda s: replace(s, carried=None) if s.carried is loop else s)

    def given(self, text: str, outcome: bool) -> State:
        """What is left if a test comes out so."""
        after = self.copy()
        for key, settings in self.modes.items():
            kept = frozenset(s for s in settings if (text, not outcome) not in s.when)
            after.modes[key] = kept or settings
        return after

    def _mapped(self, change: Callable[[Setting], Setting]) -> State:
        after = self.copy()
        for key, settings in after.modes.items():
            after.modes[key] = frozenset(map(change, settings))
        return after


def _is_inside(node: ast.AST | None, loop: ast.AST) -> bool:
    line, last = getattr(node, "lineno", 0), getattr(loop, "end_lineno", None) or 0
    return getattr(loop, "lineno", 0) <= line <= last


def join(one: State | None, other: State | None) -> State | None:
    """Join two states, of which either may be unreachable."""
    return other if one is None else one.joined(other)


def test_of(expression: ast.expr) -> tuple[str, bool]:
    """A test as text, and whether that is its positive form."""
    if isinstance(expression, ast.UnaryOp) and isinstance(expression.op, ast.Not):
        text, outcome = test_of(expression.operand)
        return text, not outcome
    if isinstance(expression, ast.Compare) and isinstance(
        expression.ops[0], (ast.NotEq, ast.IsNot)
    ):
        same = ast.Eq() if isinstance(expression.ops[0], ast.NotEq) else ast.Is()
        plain = ast.Compare(expression.left, [same, *expression.ops[1:]], expression.comparators)
        return ast.unparse(plain), False
    return ast.unparse(expression), True
