"""What every function does to the modes of models, also through the functions that it calls."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from weakref import WeakKeyDictionary

from ._arguments import argument
from ._classes import ClassInfo, attribute_of_self, class_of, find_function, self_name
from ._effects import EXPORTS, Effects
from ._events import Flow, Switch, Update
from ._file import Function, SourceFile
from ._keyed import RETURNED
from ._learning import learns
from ._models import class_made, is_part_of_model, mode_call, text_of
from ._nodes import walk
from ._scopes import parameters
from ._state import ENTRY, UNKNOWN, Setting, Settings, State

_FLOWS: WeakKeyDictionary[SourceFile, dict[ast.AST, Flow | None]] = WeakKeyDictionary()
_FOLLOWED: WeakKeyDictionary[SourceFile, list[Flow]] = WeakKeyDictionary()
_SPEAKS = re.compile(
    r"\.(train|eval|backward|step)\b|no_grad|inference_mode|grad_enabled|\b(export|trace)\("
)
_RESTING = ("torchdrop.modes.evaluating", "torchdrop.evaluating")
_WAKING = ("torchdrop.modes.training", "torchdrop.training")
_DEPTH = 12


def flows(file: SourceFile) -> list[Flow]:
    """Follow a file's own statements, and each of its functions and methods.

    Args:
        file: Any.

    Returns:
        What each does; only of functions that speak of modes or gradients, or that call such.
    """
    if file not in _FOLLOWED:
        found = (flow_of(file, node) for node in _worth(file))
        _FOLLOWED[file] = [flow for flow in found if flow is not None]
    return _FOLLOWED[file]


def _worth(file: SourceFile) -> Iterator[ast.AST]:
    """The functions to follow, and the file's own statements."""
    functions: list[Function] = [
        *file.nodes(ast.FunctionDef),
        *file.nodes(ast.AsyncFunctionDef),
    ]
    words = _words(file)
    worth: set[ast.AST] = {node for node in functions if _speaks(file, node, words)}
    worth |= {f for call, _ in file.calls(*EXPORTS) if (f := file.function_of(call)) is not None}
    names = {node.name for node in functions if node in worth} | set(_imported(file))
    if not names and not words.search(file.text):
        return
    yield file.tree
    called = re.compile(rf"\b({'|'.join(map(re.escape, sorted(names)))})\(") if names else None
    for node in functions:
        if node in worth or (called is not None and _speaks(file, node, called)):
            yield node


def _words(file: SourceFile) -> re.Pattern[str]:
    """What speaks of modes or gradients, with the names that the file has for these."""
    scope = file.opened_by(file.tree)
    renamed = [
        rf"\b{re.escape(name)}\b"
        for name, bound in (scope.names.items() if scope else ())
        if any(x.kind == "import" and _SPEAKS.search(x.qualified) for x in bound)
    ]
    return re.compile("|".join([_SPEAKS.pattern, *renamed])) if renamed else _SPEAKS


def _imported(file: SourceFile) -> Iterator[str]:
    """Names of the tree's functions and methods that a file imports and that speak of modes."""
    scope = file.opened_by(file.tree)
    for name, bound in scope.names.items() if scope else ():
        for binding in bound:
            if binding.kind != "import":
                continue
            found = file.project.find(binding.qualified)
            if found is None:
                continue
            where, node = found
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                if _speaks(where, node, _SPEAKS):
                    yield name
            elif isinstance(node, ast.ClassDef):
                for there, method in ClassInfo(where, node).methods():
                    if _speaks(there, method, _SPEAKS):
                        yield method.name


def _speaks(file: SourceFile, node: Function, words: re.Pattern[str]) -> bool:
    """Whether one of the words is in a function's text, or its decorators'."""
    first = min([node.lineno, *(x.lineno for x in node.decorator_list)])
    end = file.offset(node.end_lineno or first, node.end_col_offset or 0)
    return words.search(file.text, file.offset(first, 0), end) is not None


def flow_of(file: SourceFile, node: ast.AST) -> Flow | None:
    """Follow one function; `None` while it is being followed, where functions call each other."""
    known = _FLOWS.setdefault(file, {})
    if node not in known:
        if sum(flow is None for flow in known.values()) >= _DEPTH:
            return None
        known[node] = None
        flow = _Modes(file, node).run()
        flow.forwards = [replace(x, learns=x.learns or learns(flow, x)) for x in flow.forwards]
        known[node] = flow
    return known[node]


class _Modes(Effects):
    def call(self, node: ast.Call) -> None:
        if self.state is None:
            return
        switched = mode_call(node)
        found = self._function(node)
        if switched and not found and is_part_of_model(self.file, switched.receiver):
            key = self.key(switched.receiver)
            if key is not None:
                self.put_mode(node, key, switched.mode, switched.argument, switched.receiver)
            return
        if found is not None:
            self._apply(node, *found)
            return
        self.update(node)
        self.export(node)
        model = self.runs(node)
        if model is not None:
            key = self.key(model)
            if key is not None:
                self.run_model(key, text_of(model) or key, node)
        elif not self.is_harmless(node):
            for given in (*node.args, *(k.value for k in node.keywords)):
                self.blur(given)

    def returned(self, call: ast.Call) -> Settings:
        found = self._function(call)
        flow = flow_of(*found[:2]) if found else None
        modes = flow.exit.of(RETURNED) if flow and RETURNED in flow.exit.modes else frozenset()
        settings = {Setting(s.mode, call, via=flow.name if flow else "") for s in modes}
        known = bool(settings) and all(s.mode in ("fresh", "train", "eval") for s in settings)
        return frozenset(settings) if known else frozenset([UNKNOWN])

    # --- Functions of the tree.

    def _function(self, call: ast.Call) -> tuple[SourceFile, Function, str | None] | None:
        """The function that a call calls, and the text that stands for its `self`."""
        function = call.func
        if isinstance(function, ast.Name):
            bound = self.file.bindings(function)
            node = bound[0].node if len(bound) == 1 and bound[0].kind == "definition" else None
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                return self.file, node, None
        if isinstance(function, ast.Attribute):
            method = self._method(function)
            if method is not None:
                return method
        callee = self.file.callee(call)
        found = find_function(self.file, callee.name) if callee else None
        return (*found, None) if found else None

    def _method(self, function: ast.Attribute) -> tuple[SourceFile, Function, str | None] | None:
        if attribute_of_self(self.file, function) is not None:
            owner = class_of(self.file, function)
        else:
            owner = class_made(self.file, function.value)
        if owner is None or function.attr == "forward":
            return None
        found = owner.method(function.attr)
        if found is None or (owner.is_module() and function.attr in ("train", "eval")):
            return None
        return (*found, self.key(function.value))

    def _apply(self, call: ast.Call, file: SourceFile, node: Function, owner: str | None) -> None:
        flow = flow_of(file, node)
        if flow is None or self.state is None:
            return
        rename = self._renaming(call, file, node, owner)
        for forward in flow.forwards:
            key = rename(forward.key)
            if key is not None and any(s.mode == "entry" for s in forward.modes):
                self.run_model(key, key, call, forward.via or node.name, forward)
        for update in flow.updates:
            self._take(call, update, rename, node.name)
        if not _is_generator(node):
            self._leave_as(call, flow.exit, rename, node.name)

    def _take(
        self, call: ast.Call, update: Update, rename: Callable[[str], str | None], via: str
    ) -> None:
        assert self.state is not None
        owned, text = update.owned, rename(update.optimizer) or ""
        if text in self.state.owned:
            owned = self.state.owned[text]
        elif owned is not None:
            renamed = [rename(key) for key in owned]
            owned = frozenset(k for k in renamed if k) if all(renamed) else None
        elif text:
            owned = self._owners_of_text(call, text)
        self.record(Update(update.kind, call, text, owned, via=via))

    def _owners_of_text(self, call: ast.Call, text: str) -> frozenset[str] | None:
        for given in (*call.args, *(k.value for k in call.keywords)):
            if text_of(given) == text:
                return self.owners(given)
        return None

    def _leave_as(
        self,
        call: ast.Call,
        after: State,
        rename: Callable[[str], str | None],
        via: str,
    ) -> None:
        state = self.state
        assert state is not None
        for own in sorted(after.modes.keys() - {RETURNED}):
            key = None if own.partition(".")[0] in after.rebound else rename(own)
            if key is None or after.modes[own] == ENTRY:
                continue
            before, when = state.of(key), frozenset(self.conditions)
            settings: set[Setting] = set()
            for setting in after.modes[own]:
                come = Setting(setting.mode, call, key, setting.via or via, when=when)
                settings |= before if setting.mode == "entry" else {come}
            state.put(key, frozenset(settings))
            for mode in sorted({s.mode for s in settings if s.node is call}):
                self.flow.switches.append(Switch(key, key, call, mode, via, before))

    def _renaming(
        self, call: ast.Call, file: SourceFile, node: Function, owner: str | None
    ) -> Callable[[str], str | None]:
        """How keys of the called function are called here."""
        own = self_name(node) if owner is not None else None
        given: dict[str, str | None] = {own: owner} if own is not None else {}
        callee = self.file.callee(call) if owner is None else None
        for i, (parameter, _) in enumerate(parameters(node.args)):
            if parameter.arg != own:
                place = i - (1 if own is not None else 0)
                value = argument(call, parameter.arg, place, callee).value
                given[parameter.arg] = self.key(value) if value is not None else None
        scope = file.opened_by(node)
        local = set(scope.names) if scope else set()
        here = self.file.opened_by(self.flow.node)
        mine = set(here.names) if here and self.flow.node is not self.file.tree else set()

        def rename(key: str) -> str | None:
            root = key.partition(".")[0].partition("[")[0]
            if root in given:
                base = given[root]
                return None if base is None else base + key[len(root) :]
            free = root not in local and file is self.file
            inner = self.flow.node in file.ancestors(node)
            return key if free and (root not in mine or inner) else None

        return rename

    # --- Contexts.

    def enter(self, item: ast.withitem) -> Callable[[], None] | None:
        context = item.context_expr
        if not isinstance(context, ast.Call):
            self.visit(context)
            return None
        name = self.file.qualified(context.func) or text_of(context.func) or ""
        found = self._function(context)
        flow = flow_of(*found[:2]) if found and _is_generator(found[1]) else None
        for part in (*context.args, *(k.value for k in context.keywords)):
            self.visit(part)
        if self.state is None:
            return None
        if found is not None and flow is not None:
            return self._enter_flow(context, flow, found[1], found[2])
        keys = [self.key(part) for part in context.args if text_of(part)]
        if isinstance(context.func, ast.Attribute) and text_of(context.func.value):
            keys.append(self.key(context.func.value))
        return self._enter_named(context, name, [key for key in keys if key])

    def _enter_flow(
        self, context: ast.Call, flow: Flow, node: Function, owner: str | None
    ) -> Callable[[], None]:
        assert self.state is not None
        rename = self._renaming(context, flow.file, node, owner)
        before = self.state.copy()
        for state in flow.yields[:1]:
            self._leave_as(context, state, rename, node.name)
        kept = {rename(key): modes for key, modes in flow.exit.modes.items()}

        def end() -> None:
            for key, modes in kept.items():
                if key is not None and self.state is not None:
                    entry = modes == ENTRY or any(s.mode == "entry" for s in modes)
                    new = {Setting(s.mode, context, key, node.name) for s in modes}
                    self.state.put(key, before.of(key) if entry else frozenset(new))

        return end

    def _enter_named(
        self, context: ast.Call, name: str, keys: list[str]
    ) -> Callable[[], None] | None:
        assert self.state is not None
        last = name.rpartition(".")[2].lower()
        if name.startswith("torch.") or not keys:
            self.visit(context)
            return None
        rests = name in _RESTING or "eval" in last or "inference" in last or "test_mode" in last
        mode = "eval" if rests else "train" if name in _WAKING else "unknown"
        before = {key: self.state.of(key) for key in keys}
        for key in keys:
            self.state.put(key, frozenset([Setting(mode, context, key)]))  # type: ignore[arg-type]

        def end() -> None:
            for key, modes in before.items():
                if self.state is not None:
                    self.state.put(key, modes)

        return end


def _is_generator(node: Function) -> bool:
    return any(isinstance(x, (ast.Yield, ast.YieldFrom)) for x in walk(node))
