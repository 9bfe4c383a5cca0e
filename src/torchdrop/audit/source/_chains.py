"""Layers in the order in which a tensor passes them: `Sequential`, and calls in functions."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias
from weakref import WeakKeyDictionary

from ._classes import attribute_of_self
from ._file import Function, SourceFile
from ._layers import METHODS, Layer, called_kind
from ._nodes import children, walk
from ._sequences import layers_of, sequentials

End: TypeAlias = Literal["sequential", "return", "loss", "open"]
_Known: TypeAlias = dict[str, tuple[Layer, ...]]

_LOSSES = frozenset(
    f"torch.nn.functional.{name}"
    for name in (
        *("cross_entropy", "mse_loss", "l1_loss", "nll_loss", "smooth_l1_loss", "huber_loss"),
        *(
            "binary_cross_entropy",
            "binary_cross_entropy_with_logits",
            "kl_div",
            "gaussian_nll_loss",
        ),
        *("poisson_nll_loss", "multi_margin_loss"),
    )
)
_NESTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, slots=True)
class Chain:
    """What a tensor passes.

    Attributes:
        layers: In order; where nothing is known of what lies between, a chain ends.
        end: What becomes of the result: it leaves a `Sequential`, is returned, goes into a loss,
            or nobody looked (`open`).
        function: The function in which the tensor passes them; `None` for a `Sequential`.
    """

    layers: tuple[Layer, ...]
    end: End
    function: Function | None = None


_CHAINS: WeakKeyDictionary[SourceFile, tuple[Chain, ...]] = WeakKeyDictionary()


def chains(file: SourceFile) -> tuple[Chain, ...]:
    """Find all chains of layers in a file.

    Args:
        file: Any.

    Returns:
        Those of every `Sequential`, then those of every function and of the file's own
        statements. Longer ones come after the shorter ones they begin with.
    """
    if file not in _CHAINS:
        _CHAINS[file] = tuple(_find(file)) if "rop" in file.text else ()
    return _CHAINS[file]


def pairs(file: SourceFile) -> Iterator[tuple[Layer, Layer]]:
    """All layers that follow each other directly, each pair once."""
    seen: set[tuple[ast.AST, ast.AST]] = set()
    for chain in chains(file):
        for first, second in zip(chain.layers, chain.layers[1:], strict=False):
            if (first.node, second.node) not in seen:
                seen.add((first.node, second.node))
                yield first, second


def _find(file: SourceFile) -> Iterator[Chain]:
    for _, layers in sequentials(file):
        yield Chain(tuple(layers), "sequential")
    yield from _Flow(file, None).run(file.tree.body, {})
    functions: list[Function] = [*file.nodes(ast.FunctionDef), *file.nodes(ast.AsyncFunctionDef)]
    for function in functions:
        yield from _Flow(file, function).run(function.body, {})


class _Flow:
    """Follows tensors through the statements of one function.

    Args:
        file: Where it is.
        function: The function; `None` for the file's own statements.
    """

    def __init__(self, file: SourceFile, function: Function | None) -> None:
        self.file, self.function = file, function

    def run(self, statements: Sequence[ast.stmt], known: _Known) -> Iterator[Chain]:
        """Go through statements; `known` says what variables have passed, and is kept current."""
        for statement in statements:
            if isinstance(statement, _NESTED):
                continue
            if isinstance(statement, (ast.With, ast.AsyncWith)):
                yield from self.run(statement.body, known)
            elif blocks := _blocks(statement):
                yield from self._branch(statement, blocks, known)
            else:
                yield from self._simple(statement, known)

    def _branch(
        self, statement: ast.stmt, blocks: list[list[ast.stmt]], known: _Known
    ) -> Iterator[Chain]:
        """Where paths may part, only what none of them changes stays known."""
        changed = {x.id for x in walk(statement) if _is_stored(x)}  # type: ignore[attr-defined]
        test = getattr(statement, "test", None) or getattr(statement, "iter", None)
        if isinstance(test, ast.expr):
            yield from self._inside(test, known)
        is_loop = isinstance(statement, (ast.For, ast.AsyncFor, ast.While))
        for block in blocks:
            start = {k: v for k, v in known.items() if not (is_loop and k in changed)}
            yield from self.run(block, start)
        for name in changed:
            known.pop(name, None)

    def _simple(self, statement: ast.stmt, known: _Known) -> Iterator[Chain]:
        nodes = list(walk(statement))
        stored = [node.id for node in nodes if _is_stored(node)]  # type: ignore[attr-defined]
        if not known and not any(isinstance(node, ast.Call) for node in nodes):
            return
        for child in children(statement):
            if isinstance(child, ast.expr):
                yield from self._inside(child, known)
        if isinstance(statement, ast.Return) and statement.value is not None:
            layers = self._passed(statement.value, known)
            if layers:
                yield Chain(layers, "return", self.function)
        value = getattr(statement, "value", None)
        passed = self._passed(value, known) if isinstance(value, ast.expr) else ()
        for name in stored:
            known.pop(name, None)
        if isinstance(statement, ast.Assign) and passed:
            for target in statement.targets:
                if isinstance(target, ast.Name):
                    known[target.id] = passed

    def _inside(self, expression: ast.AST, known: _Known) -> Iterator[Chain]:
        """Chains of the calls in an expression."""
        if isinstance(expression, (*_NESTED, *_COMPREHENSIONS)):
            return
        for child in children(expression):
            yield from self._inside(child, known)
        if isinstance(expression, ast.Call):
            layers = self._passed(expression, known)
            if len(layers) > 1:
                yield Chain(layers, "open", self.function)
            if self._is_loss(expression) and expression.args:
                yield Chain(self._passed(expression.args[0], known), "loss", self.function)

    def _passed(self, value: ast.expr, known: _Known) -> tuple[Layer, ...]:
        """The layers that a value has passed, the last one last."""
        if isinstance(value, ast.Name):
            return known.get(value.id, ())
        if not isinstance(value, ast.Call):
            return ()
        name = self.file.qualified(value.func)
        kind = called_kind(name) if name else None
        if kind is not None and value.args:
            step = Layer(kind, value, value, self.file, is_function=True)
            return (*self._passed(value.args[0], known), step)
        is_method = isinstance(value.func, ast.Attribute) and value.func.attr in METHODS
        # `self.relu(x)` is a layer of that name.
        if name is None and is_method and attribute_of_self(self.file, value.func) is None:
            before = self._passed(value.func.value, known)  # type: ignore[attr-defined]
            kind = called_kind(f"torch.{value.func.attr}")  # type: ignore[attr-defined]
            return (*before, Layer(kind, value, value, self.file)) if before else ()
        return self._through(value, known)

    def _through(self, call: ast.Call, known: _Known) -> tuple[Layer, ...]:
        """A call of a module with one tensor."""
        if len(call.args) != 1 or call.keywords or isinstance(call.args[0], ast.Starred):
            return ()
        layers = layers_of(self.file, call.func)
        if layers and all(layer.kind is None for layer in layers):
            return ()
        if len(layers) == 1:
            layers = [layers[0].at(call)]
        return (*self._passed(call.args[0], known), *layers)

    def _is_loss(self, call: ast.Call) -> bool:
        name = self.file.qualified(call.func)
        if name in _LOSSES:
            return True
        found = layers_of(self.file, call.func)
        return len(found) == 1 and (found[0].kind or "").endswith("Loss")


def _blocks(statement: ast.stmt) -> list[list[ast.stmt]]:
    fields = (getattr(statement, name, None) for name in ("body", "orelse", "finalbody"))
    found = [block for block in fields if isinstance(block, list) and block]
    for handler in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        found.append(handler.body)
    return found


def _is_stored(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load)
