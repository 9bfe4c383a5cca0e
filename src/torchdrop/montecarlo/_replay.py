"""What a forward computes before it draws the first random number, computed once.

Of a first pass, the outputs are kept of all modules that finished before any generator moved, and
that are in no other such module. Later passes of the same input are given these outputs in place
of calls. They are bit for bit what a plain pass computes: nothing random came before them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ._blocks import repeated
from ._draws import Draws

Run = Callable[[], Any]


@dataclass(slots=True)
class _Kept:
    """One call of a module that finished in time: its number among the module's calls."""

    module: nn.Module
    call: int
    output: Any
    versions: tuple[int, ...]


@dataclass(slots=True)
class Prefix:
    """Outputs of the modules before the first random number.

    Attributes:
        outputs: For each module, the outputs of its calls, in order.
        starts: For each chain, at which of its layers it can start, and with what.
        reason: Why there are none; empty if there are some.
    """

    outputs: dict[nn.Module, list[Any]] = field(default_factory=dict)
    starts: dict[nn.Module, tuple[int, Any]] = field(default_factory=dict)
    reason: str = ""

    @contextmanager
    def replayed(self) -> Iterator[None]:
        """Let these modules give their outputs, in one pass."""
        with ExitStack() as stack:
            for module, outputs in self.outputs.items():
                stack.enter_context(calling(module, partial(_next, iter(outputs))))
            for chain, (first, x) in self.starts.items():
                stack.enter_context(calling(chain, partial(_start, list(chain)[first:], x)))  # type: ignore[call-overload]
            yield

    def widened(self, rows: int, copies: int) -> Prefix:
        """The same for several copies of the rows, one behind the other.

        Args:
            rows: That the outputs are of.
            copies: How many.

        Returns:
            Without the outputs that are not one for each row along their first axis: they are
            computed again.
        """
        outputs = {
            module: [_repeated(x, copies) for x in given]
            for module, given in self.outputs.items()
            if all(_is_of_rows(x, rows) for x in given)
        }
        starts = {
            chain: (first, _repeated(x, copies))
            for chain, (first, x) in self.starts.items()
            if _is_of_rows(x, rows)
        }
        return Prefix(outputs, starts, self.reason)


@contextmanager
def calling(module: nn.Module, function: Callable[..., Any]) -> Iterator[None]:
    """Call a function in place of a module's forward."""
    own = vars(module).get("forward")
    module.forward = function
    try:
        yield
    finally:
        del module.forward
        if own is not None:
            module.forward = own


def _next(outputs: Iterator[Any], *args: object, **kwargs: object) -> Any:
    return next(outputs)


def _start(layers: list[nn.Module], x: Any, *args: object) -> Any:
    for layer in layers:
        x = layer(x)
    return x


def record(model: nn.Module, draws: Draws, run: Run) -> tuple[Any, Prefix]:
    """Run a first pass, and keep what comes before its first random number.

    Args:
        model: The model, in the mode in which it samples.
        draws: What it draws from.
        run: Calls it once.

    Returns:
        What the pass gave, and what later ones need not compute.
    """
    recorder = _Recorder(model, draws)
    with recorder:
        result = run()
    return result, recorder.prefix()


class _Recorder:
    def __init__(self, model: nn.Module, draws: Draws) -> None:
        self.model, self.draws = model, draws
        self.start: list[Tensor] = []
        self.calls: dict[nn.Module, int] = {}
        self.open: list[tuple[nn.Module, int, int]] = []  # module, its call, length of `kept`
        self.kept: list[_Kept] = []
        self.drew = False
        self.hooks = ExitStack()

    def __enter__(self) -> None:
        for module in self.model.modules():
            if module is not self.model and _has_hooks(module):
                continue
            self.hooks.callback(module.register_forward_pre_hook(self._enter).remove)
            self.hooks.callback(module.register_forward_hook(self._leave).remove)

    def __exit__(self, *_: object) -> None:
        self.hooks.close()

    def _enter(self, module: nn.Module, args: object) -> None:
        if not self.start:
            self.start = self.draws.states()
        number = self.calls[module] = self.calls.get(module, -1) + 1
        self.open.append((module, number, len(self.kept)))

    def _leave(self, module: nn.Module, args: object, output: object) -> None:
        while self.open[-1][0] is not module:
            self.open.pop()
        _, number, inside = self.open.pop()
        if self.drew or not self.open:
            return
        self.drew = _moved(self.start, self.draws.states())
        if not self.drew and _is_plain(output):
            del self.kept[inside:]  # what is in it need not be kept
            self.kept.append(_Kept(module, number, output, _versions(output)))

    def prefix(self) -> Prefix:
        """What can be given again: of each module all calls, or those before any that drew."""
        if any(_versions(kept.output) != kept.versions for kept in self.kept):
            return Prefix(reason="something before the first dropout is changed in place later")
        outputs: dict[nn.Module, list[Any]] = {}
        for kept in self.kept:
            outputs.setdefault(kept.module, []).append(kept.output)
        for module in [m for m in outputs if len(outputs[m]) != self.calls[m] + 1]:
            del outputs[module]  # called again later, behind the first random number
        reason = "" if outputs else "dropout comes first: nothing is computed before it"
        return Prefix(outputs, self._shorten(outputs), reason)

    def _shorten(self, outputs: dict[nn.Module, list[Any]]) -> dict[nn.Module, tuple[int, Any]]:
        """Let plain chains start behind their first layers, which then need not be called."""
        starts: dict[nn.Module, tuple[int, Any]] = {}
        for chain in self.model.modules():
            if type(chain) is not nn.Sequential or self.calls.get(chain) != 0 or chain in outputs:
                continue
            layers, first = list(chain), 0
            while first < len(layers) and self._is_once(layers[first], outputs):
                first += 1
            if first:
                starts[chain] = first, outputs[layers[first - 1]][0]
                for layer in layers[:first]:
                    del outputs[layer]
        return starts

    def _is_once(self, layer: nn.Module, outputs: dict[nn.Module, list[Any]]) -> bool:
        return layer in outputs and self.calls[layer] == 0


def _has_hooks(module: nn.Module) -> bool:
    """Whether somebody else watches the calls, who would miss those that are not made."""
    return any(bool(m._forward_hooks or m._forward_pre_hooks) for m in module.modules())


def _moved(before: list[Tensor], after: list[Tensor]) -> bool:
    return not all(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def _is_plain(output: object) -> bool:
    if isinstance(output, tuple):
        return bool(output) and all(isinstance(x, Tensor) for x in output)
    return isinstance(output, Tensor)


def _is_of_rows(output: Any, rows: int) -> bool:
    tensors = output if isinstance(output, tuple) else (output,)
    return all(x.ndim > 0 and len(x) == rows for x in tensors)


def _repeated(output: Any, copies: int) -> Any:
    if isinstance(output, tuple):
        return tuple(repeated(x, copies) for x in output)
    return repeated(output, copies)


def _versions(output: Any) -> tuple[int, ...]:
    return tuple(x._version for x in (output if isinstance(output, tuple) else (output,)))
