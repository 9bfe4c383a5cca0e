"""What calls do by themselves: they switch a mode, run a model, go backward, or take a step."""

from __future__ import annotations

import ast
from dataclasses import replace

from ._arguments import argument
from ._classes import attribute_of_self, class_of
from ._events import Forward, Switch, Update
from ._file import SourceFile
from ._gradient import gradient_of
from ._keyed import Keyed
from ._models import (
    HARMLESS,
    WRAPPERS,
    WRAPPING_METHODS,
    is_model,
    text_of,
)
from ._state import UNKNOWN, Mode, Setting

_RUNS = (
    *("forward", "loss", "compute_loss", "get_loss", "log_prob", "forward_features", "encode"),
    *("encode_text", "encode_image", "encode_batch"),
)


EXPORTS = {
    "torch.export.export": "mod",
    "torch.export.export_for_training": "mod",
    "torch.jit.trace": "func",
    "torch.onnx.export": "model",
    "torch.fx.symbolic_trace": "root",
}
"""Functions that keep the mode in what they make, and how they call the model."""


class Effects(Keyed):
    """Records the events of a function."""

    def put_mode(
        self,
        node: ast.Call,
        key: str,
        mode: Mode | None,
        given: ast.expr | None,
        receiver: ast.expr,
    ) -> None:
        state = self.state
        assert state is not None
        name, before = text_of(receiver) or key, state.of(key)
        saved = state.saved.get(text_of(given) or "") if given is not None else None
        if mode is None:
            settings = saved or frozenset([Setting("unknown", node, name)])
        else:
            when = frozenset(self.conditions)
            settings = frozenset(
                [Setting(mode, node, name, when=when, is_alias=name in state.plain)]
            )
        state.put(key, settings)
        self.flow.switches.append(Switch(key, name, node, mode or "unknown", before=before))

    def runs(self, node: ast.Call) -> ast.expr | None:
        """The model that a call runs."""
        function = node.func
        runs = isinstance(function, ast.Attribute) and function.attr in _RUNS
        if isinstance(function, ast.Attribute) and runs and self._is_model(function.value):
            return function.value
        return function if text_of(function) and self._is_model(function) else None

    def _is_model(self, expression: ast.expr) -> bool:
        """Whether it is one for the whole file, or a mode of it was set on the way here."""
        if is_model(self.file, expression):
            return True
        key = self.key(expression) if text_of(expression) is not None else None
        if key is None or self.state is None:
            return False
        return {s.mode for s in self.state.modes.get(key, ())} in ({"eval"}, {"train"})

    def run_model(
        self, key: str, name: str, node: ast.Call, via: str = "", inner: Forward | None = None
    ) -> None:
        assert self.state is not None
        around = gradient_of(self.file, node)
        gradient = inner.gradient if inner and around == "on" else around
        event = Forward(
            *(key, name, node, self.state.of(key), self.state.parts(key), gradient, via),
            learns=bool(inner and inner.learns),
        )
        for i, old in enumerate(self.flow.forwards):
            if old.node is node and old.key == key:
                joined = replace(
                    event, modes=old.modes | event.modes, parts=old.parts | event.parts
                )
                self.flow.forwards[i] = joined
                return
        self.flow.forwards.append(event)

    def export(self, node: ast.Call) -> None:
        """Record a model that is exported."""
        callee = self.file.callee(node)
        parameter = EXPORTS.get(callee.name) if callee else None
        model = argument(node, parameter, 0, callee).value if parameter else None
        if model is None or self.state is None:
            return
        key = self.key(model)
        modes = self.made(model) if key is None else self.state.of(key)
        event = Forward(key or "", key or "the model", node, modes)
        self.flow.exports = [x for x in self.flow.exports if x.node is not node] + [event]

    def update(self, node: ast.Call) -> None:
        function = node.func
        if not isinstance(function, ast.Attribute):
            return
        if function.attr == "backward":
            self.record(Update("backward", node))
        elif function.attr == "step":
            scaled = node.args[0] if node.args and text_of(node.args[0]) else None
            stepped = scaled if scaled is not None else function.value
            text = text_of(stepped)
            if text is not None and self._is_optimizer(stepped):
                self.record(Update("step", node, text, self.owners(stepped)))

    def record(self, event: Update) -> None:
        event = replace(event, when=event.when | frozenset(self.conditions))
        same = [u for u in self.flow.updates if u.node is event.node and u.kind == event.kind]
        for old in same:
            self.flow.updates.remove(old)
            if old.owned is not None and event.owned is not None:
                event = replace(event, owned=old.owned | event.owned)
        self.flow.updates.append(event)

    def _is_optimizer(self, expression: ast.expr) -> bool:
        name = (text_of(expression) or "").lower()
        value = value_held(self.file, expression)
        made = self.file.qualified(value.func) if isinstance(value, ast.Call) else None
        return "opt" in name or "solver" in name or bool(made and made.startswith("torch.optim."))

    def owners(self, optimizer: ast.expr) -> frozenset[str] | None:
        assert self.state is not None
        text = text_of(optimizer) or ""
        if text in self.state.owned:
            return self.state.owned[text]
        value = value_held(self.file, optimizer)
        if not isinstance(value, ast.Call) or value is optimizer:
            return None
        owned = self.owned_by(value)
        elsewhere = "." in text and owned is not None  # the names of another method are not ours
        return None if elsewhere and not all("." in key for key in owned or ()) else owned

    def is_harmless(self, node: ast.Call) -> bool:
        name = self.file.qualified(node.func) or ""
        last = name.rpartition(".")[2] or (getattr(node.func, "attr", "") or "")
        harmless = ("torch.", "builtins.", "copy.", "logging.", "wandb.", "os.")
        return (
            name.startswith(harmless)
            or last[:1].isupper()
            or last in (*HARMLESS, "watch", "append", "save", "load", "summary")
            or last in (WRAPPING_METHODS if isinstance(node.func, ast.Attribute) else WRAPPERS)
        )

    def blur(self, given: ast.expr) -> None:
        """An unknown function may have switched a model that it was given."""
        key = self.key(given) if text_of(given) is not None else None
        if key is not None and self.state is not None and is_model(self.file, given):
            self.state.put(key, self.state.of(key) | {UNKNOWN})


def value_held(file: SourceFile, expression: ast.expr) -> ast.expr:
    """The one value of a name, or of an attribute of `self`."""
    own = attribute_of_self(file, expression)
    if own is None:
        return file.value_of(expression)
    owner = class_of(file, expression)
    held = [h for h in owner.holds(own) if not isinstance(h.value, ast.Constant)] if owner else []
    return held[0].value if len(held) == 1 else expression
