"""Follow a function statement by statement: branches are joined, loops run twice."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

from ._events import Flow
from ._file import SourceFile
from ._nodes import children, walk
from ._state import UNKNOWN, State, join, test_of

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
_LEAVES = (ast.Name, ast.Constant, ast.expr_context, ast.operator, ast.cmpop, ast.boolop)
_UNVISITED = (*_LEAVES, *_FUNCTIONS)


class Walk:
    """Carries a state through statements; what calls do to it is told by a subclass.

    Args:
        file: Where the function is.
        node: The function or module.
    """

    def __init__(self, file: SourceFile, node: ast.AST) -> None:
        self.file, self.flow = file, Flow(file, node)
        self.state: State | None = State()
        self.conditions: list[tuple[str, bool]] = []
        self._breaks: list[State] = []
        self._continues: list[State] = []

    def run(self) -> Flow:
        """Follow the whole body."""
        body = getattr(self.flow.node, "body", [])
        if isinstance(body, list):
            self.block(body)
        else:
            self.visit(body)
        if self.state is not None:
            self.flow.exits.append((self.state, None if isinstance(body, list) else body))
        return self.flow

    # --- For subclasses.

    def call(self, node: ast.Call) -> None:
        """Take in a call, after its arguments."""

    def assign(self, target: ast.expr, value: ast.expr) -> None:
        """Take in an assignment, after its value."""

    def returns(self, value: ast.expr | None) -> None:
        """Take in what a function gives back."""

    def enter(self, item: ast.withitem) -> Callable[[], None] | None:
        """Begin a context; what is returned ends it."""
        self.visit(item.context_expr)
        return None

    def tested(self, node: ast.If, before: State, body: State | None) -> State | None:
        """The state behind the body of a test that asks for a mode; `None` if it does not."""
        return None

    # --- Statements.

    def block(self, statements: list[ast.stmt]) -> None:
        """Follow statements, one after the other."""
        for statement in statements:
            if self.state is None:
                return
            self.statement(statement)

    def statement(self, node: ast.stmt) -> None:
        """Follow one statement."""
        if isinstance(node, _FUNCTIONS):
            return
        if isinstance(node, (ast.For, ast.AsyncFor, ast.While)):
            self._loop(node)
        elif isinstance(node, ast.If):
            self._if(node)
        elif isinstance(node, (ast.With, ast.AsyncWith)):
            self._with(node)
        elif isinstance(node, ast.Try) or type(node).__name__ == "TryStar":
            self._try(node)  # type: ignore[arg-type]
        elif isinstance(node, ast.Match):
            self._match(node)
        elif isinstance(node, (ast.Return, ast.Raise, ast.Break, ast.Continue)):
            self._leave(node)
        else:
            self._simple(node)

    def _simple(self, node: ast.stmt) -> None:
        self.visit(node)
        if isinstance(node, ast.Assign):
            for i, target in enumerate(node.targets):  # the second name of `a = b = f()` is `a`
                self._targets(target, node.targets[0] if i else node.value)
        elif isinstance(node, ast.AnnAssign) and node.value is not None:
            self._targets(node.target, node.value)

    def _targets(self, target: ast.expr, value: ast.expr) -> None:
        if isinstance(target, (ast.Tuple, ast.List)):
            values = value.elts if isinstance(value, (ast.Tuple, ast.List)) else []
            for i, part in enumerate(target.elts):
                same = len(values) == len(target.elts)
                self._targets(part, values[i] if same else value)
        elif isinstance(target, (ast.Name, ast.Attribute, ast.Subscript)):
            self.assign(target, value)

    def _leave(self, node: ast.Return | ast.Raise | ast.Break | ast.Continue) -> None:
        self.visit(node)
        if self.state is None:
            return
        if isinstance(node, ast.Return):
            self.returns(node.value)
            self.flow.exits.append((self.state, node.value))
        elif isinstance(node, ast.Break):
            self._breaks.append(self.state)
        elif isinstance(node, ast.Continue):
            self._continues.append(self.state)
        self.state = None

    def _loop(self, node: ast.For | ast.AsyncFor | ast.While) -> None:
        self.visit(node.test if isinstance(node, ast.While) else node.iter)
        start, outer = self.state, (self._breaks, self._continues)
        self._breaks = []
        end = self._turn(node, start)
        end = self._turn(node, join(start, end.carried(node) if end is not None else None))
        endless = isinstance(node, ast.While) and isinstance(node.test, ast.Constant)
        self.state = None if endless else join(start, end)
        self.block(node.orelse)
        for state in self._breaks:
            self.state = join(self.state, state)
        self._breaks, self._continues = outer
        if self.state is not None:
            self.state = self.state.left(node)

    def _turn(self, node: ast.For | ast.AsyncFor | ast.While, begin: State | None) -> State | None:
        self._continues = []
        self.state = begin.copy() if begin is not None else None
        if not isinstance(node, ast.While):
            self._bind(node.target)
        self.block(node.body)
        for state in self._continues:
            self.state = join(self.state, state)
        return self.state

    def _bind(self, target: ast.expr) -> None:
        for name in walk(target):
            if isinstance(name, ast.Name) and self.state is not None:
                self.state.forget(name.id)
                self.state.put(name.id, frozenset([UNKNOWN]))

    def _if(self, node: ast.If) -> None:
        self.visit(node.test)
        if self.state is None:
            return
        before, (text, outcome) = self.state, test_of(node.test)
        ends = []
        for branch, came in ((node.body, outcome), (node.orelse, not outcome)):
            self.state = before.given(text, came)
            self.conditions.append((text, came))
            self.block(branch)
            self.conditions.pop()
            ends.append(self.state)
        special = None if node.orelse else self.tested(node, before, ends[0])
        self.state = special or join(ends[0], ends[1])

    def _match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        before, after = self.state, self.state
        for case in node.cases:
            self.state = before.copy() if before is not None else None
            self.block(case.body)
            after = join(after, self.state)
        self.state = after

    def _with(self, node: ast.With | ast.AsyncWith) -> None:
        ends = [end for end in (self.enter(item) for item in node.items) if end is not None]
        marks = (len(self.flow.exits), len(self._breaks), len(self._continues))
        self.block(node.body)
        exits = self.flow.exits
        exits[marks[0] :] = [
            (self._ended(state, ends), value) for state, value in exits[marks[0] :]
        ]
        for states, mark in ((self._breaks, marks[1]), (self._continues, marks[2])):
            states[mark:] = [self._ended(state, ends) for state in states[mark:]]
        if self.state is not None:
            self.state = self._ended(self.state, ends)

    def _ended(self, state: State, ends: list[Callable[[], None]]) -> State:
        kept, self.state = self.state, state
        for end in reversed(ends):
            end()
        done, self.state = self.state, kept
        return done

    def _try(self, node: ast.Try) -> None:
        marks = (len(self.flow.exits), len(self._breaks), len(self._continues))
        thrown = self.state.copy() if self.state is not None else None
        for statement in node.body:
            if self.state is not None:
                self.statement(statement)
                thrown = join(thrown, self.state)
        self.block(node.orelse)
        after = self.state
        for handler in node.handlers:
            self.state = thrown.copy() if thrown is not None else None
            self.block(handler.body)
            after = join(after, self.state)
        if node.finalbody:
            self._finally(node.finalbody, marks)
        self.state = after
        self.block(node.finalbody)

    def _finally(self, body: list[ast.stmt], marks: tuple[int, int, int]) -> None:
        """Lead what was left by `return`, `break` and `continue` through `finally`."""
        exits = self.flow.exits[marks[0] :]
        del self.flow.exits[marks[0] :]
        for state, value in exits:
            done = self._through(body, state)
            if done is not None:
                self.flow.exits.append((done, value))
        for states, mark in ((self._breaks, marks[1]), (self._continues, marks[2])):
            states[mark:] = [self._through(body, state) or state for state in states[mark:]]

    def _through(self, body: list[ast.stmt], state: State) -> State | None:
        self.state = state.copy()
        self.block(body)
        return self.state

    # --- Expressions.

    def visit(self, node: ast.AST | None) -> None:
        """Take in the calls of an expression, arguments first."""
        if node is None or self.state is None or isinstance(node, _UNVISITED):
            return
        if isinstance(node, ast.IfExp):
            self._either(node)
            return
        for child in _in_order(node):
            self.visit(child)
        if isinstance(node, ast.Call):
            self.call(node)
        elif isinstance(node, (ast.Yield, ast.YieldFrom)):
            self.flow.yields.append(self.state.copy())
        elif isinstance(node, ast.NamedExpr):
            self.assign(node.target, node.value)

    def _either(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        if self.state is None:
            return
        before, (text, outcome) = self.state, test_of(node.test)
        ends: list[State | None] = []
        for branch, came in ((node.body, outcome), (node.orelse, not outcome)):
            self.state = before.given(text, came)
            self.conditions.append((text, came))
            self.visit(branch)
            self.conditions.pop()
            ends.append(self.state)
        self.state = join(ends[0], ends[1])


def _in_order(node: ast.AST) -> Iterator[ast.AST]:
    """Children as they are evaluated: a comprehension's loops before what it makes."""
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
        yield from node.generators
    for child in children(node):
        if not isinstance(child, ast.comprehension) or isinstance(node, ast.comprehension):
            yield child
