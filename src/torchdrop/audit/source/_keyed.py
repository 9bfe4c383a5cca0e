"""Which model a name stands for at each point, and in which mode it was made."""

from __future__ import annotations

import ast

from ._classes import attribute_of_self, class_of, self_name
from ._file import SourceFile
from ._models import (
    SAME,
    WRAPPERS,
    WRAPPING_METHODS,
    makes_model,
    makes_unseen_model,
    mode_call,
    text_of,
)
from ._nodes import walk
from ._state import UNKNOWN, Setting, Settings, State
from ._walk import Walk

RETURNED = "return"
"""The key of what a function gives back; no name can be the same."""


class Keyed(Walk):
    """Follows assignments: aliases, wrappers, copies, new models, optimizers and saved modes.

    Args:
        file: Where the function is.
        node: The function or module.
    """

    def __init__(self, file: SourceFile, node: ast.AST) -> None:
        super().__init__(file, node)
        shared = _shared_attributes(file, node)
        names = frozenset([*shared, *shared.values()])
        self.state = State(alias=shared, plain=names)

    def returned(self, call: ast.Call) -> Settings:
        """Modes of what a function of the tree gives back; told by a subclass."""
        return frozenset([UNKNOWN])

    def key(self, expression: ast.AST) -> str | None:
        """The key of a model that an expression stands for."""
        assert self.state is not None
        if isinstance(expression, ast.Attribute) and expression.attr == "module":
            return self.key(expression.value)
        if isinstance(expression, (ast.Attribute, ast.Subscript)):
            own, base = text_of(expression), self.key(expression.value)
            if own is None or base is None:
                return None
            text = base + own[len(text_of(expression.value) or "") :]
            return self.state.alias.get(text, text)
        if isinstance(expression, ast.Name):
            return self.state.alias.get(expression.id, expression.id)
        return None

    def _same_model(self, value: ast.expr) -> ast.expr | None:
        """The model that an expression gives back, through wrappers and chained methods."""
        while isinstance(value, ast.Call):
            function = value.func
            last = function.attr if isinstance(function, ast.Attribute) else text_of(function)
            if isinstance(function, ast.Attribute) and last in SAME:
                value = function.value
            elif value.args and last in (
                WRAPPING_METHODS if isinstance(function, ast.Attribute) else WRAPPERS
            ):
                value = value.args[0]
            else:
                return None
        return value if text_of(value) is not None else None

    # --- Assignments.

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        state, text = self.state, text_of(target)
        if state is None or text is None:
            return
        same = self._same_model(value)
        key = self.key(same) if same is not None else None
        if key is not None and isinstance(same, ast.Attribute) and same.attr == "training":
            state.forget(text)
            state.saved[text] = state.of(key.rpartition(".")[0])
            return
        if key is not None:
            if key != text:
                state.forget(text)
                state.alias[text] = key
                if text_of(value) is not None:
                    state.plain |= {text, text_of(value) or text}
            return
        made, owned = self.made(value), self.owned_by(value)
        state.forget(text)
        state.put(text, made)
        if owned is not None:
            state.owned[text] = owned

    def returns(self, value: ast.expr | None) -> None:
        if value is not None and self.state is not None:
            same = self._same_model(value)
            key = self.key(same) if same is not None else None
            modes = self.state.of(key) if key is not None else self.made(value)
            self.state.put(RETURNED, modes)

    def made(self, value: ast.expr) -> Settings:
        """Modes of what an expression makes."""
        assert self.state is not None
        inner, setting = value, None
        while isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            if inner.func.attr not in SAME:
                break
            switched = mode_call(inner)
            if switched and switched.mode and setting is None:
                setting = Setting(switched.mode, inner, when=frozenset(self.conditions))
            inner = inner.func.value
        if setting is not None:
            return frozenset([setting])
        if not isinstance(inner, ast.Call):
            return frozenset([UNKNOWN])
        name = self.file.qualified(inner.func) or ""
        if name == "copy.deepcopy" and inner.args:
            key = self.key(inner.args[0])
            return self.state.of(key) if key else frozenset([UNKNOWN])
        if name.startswith("transformers.") and name.endswith(".from_pretrained"):
            return frozenset([Setting("pretrained", inner)])
        is_seen = makes_model(self.file, inner) and not name.endswith(".from_pretrained")
        if is_seen or makes_unseen_model(self.file, inner):
            return frozenset([Setting("fresh", inner)])
        return self.returned(inner)

    def owned_by(self, value: ast.expr) -> frozenset[str] | None:
        """Keys of the models whose parameters an optimizer has; `None` if that is not seen."""
        if not isinstance(value, ast.Call):
            return None
        owned, first = self.owned_in(value), value.args[0] if value.args else None
        listed = isinstance(first, (ast.List, ast.Tuple)) and not any(
            isinstance(x, (ast.comprehension, ast.Starred)) for x in walk(first)
        )
        name = self.file.qualified(value.func) or ""
        return owned or (frozenset() if listed and name.startswith("torch.optim.") else None)

    def owned_in(self, value: ast.expr) -> frozenset[str]:
        """Keys of the models whose parameters are in an expression."""
        found = set()
        for call in walk(value):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                key = self.key(call.func.value) if "parameters" in call.func.attr else None
                if key is not None:
                    found.add(key)
        return frozenset(found)

    def tested(self, node: ast.If, before: State, body: State | None) -> State | None:
        if body is None:
            return None
        texts = {text_of(x) for x in walk(node.test)}
        saved = [before.saved[t] for t in texts if t in before.saved]
        asked = [t for t in texts if t and t.endswith(".training")]
        if not saved and not asked:
            return None
        after = before.joined(body)
        for key, modes in body.modes.items():
            if modes != before.of(key):
                after.put(key, saved[0] if saved else modes)
        return after


def _shared_attributes(file: SourceFile, node: ast.AST) -> dict[str, str]:
    """Attributes of `self` that the constructor gives the same model."""
    owner = class_of(file, node)
    own = self_name(node) if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) else None
    if owner is None or own is None or node.name == "__init__":  # type: ignore[attr-defined]
        return {}
    held: dict[str, list[ast.expr]] = {}
    for one in owner.holds():
        if one.method.name == "__init__" and one.file is file:
            held.setdefault(one.attribute, []).append(one.value)
    single = {name: values[0] for name, values in held.items() if len(values) == 1}
    alias: dict[str, str] = {}
    first: dict[str, str] = {}
    for name, value in single.items():
        other = attribute_of_self(file, value)
        if other in single:
            alias[f"{own}.{name}"] = f"{own}.{other}"
        elif isinstance(value, ast.Name):
            bound = first.setdefault(value.id, name)
            if bound != name:
                alias[f"{own}.{name}"] = f"{own}.{bound}"
    return alias
