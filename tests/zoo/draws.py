"""Count a model's dropout without torchdrop: by the random numbers that it draws.

Whatever drops something at random has to draw random numbers, and torch marks each operator that
does. So one forward, watched below autograd, shows every place that dropped: the module that was
running, and the line of its code. Nothing here knows the names of layers or of functions.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import nn
from torch.nn.modules import module as hooks
from torch.utils._python_dispatch import TorchDispatchMode

_ROOT = Path(__file__).parents[2]
# Frames that carry a call out, or watch it, and are not where a model asked for it.
_CARRIERS = (str(Path(torch.__file__).parent), str(_ROOT / "src"), __file__)


@dataclass(frozen=True, slots=True)
class Draw:
    """One place that drew random numbers in a forward.

    Attributes:
        module: Qualified name of the innermost module that was running.
        kind: The class of that module.
        place: File and line of the model's own code that asked for it, as "file.py:12".
        operator: torch's name of the operator.
        p: One minus the probability that the operator was told, if it was.
    """

    module: str
    kind: str
    place: str
    operator: str
    p: float | None


def draws_of(model: nn.Module, inputs: dict[str, Any]) -> Counter[Draw]:
    """Run `model` once in its present mode and count what it draws, place by place."""
    names = {module: name for name, module in model.named_modules()}
    running: list[nn.Module] = []
    found: Counter[Draw] = Counter()
    with _following(running), _Watch(names, running, found), torch.no_grad():
        model(**inputs)
    return found


def running_in(model: nn.Module, inputs: dict[str, Any]) -> set[str]:
    """Run `model` once in its present mode and name the modules whose forward ran."""
    names = {module: name for name, module in model.named_modules()}
    ran: set[str] = set()
    handle = hooks.register_module_forward_pre_hook(lambda m, _: ran.add(names.get(m, "")))
    try:
        with torch.no_grad():
            model(**inputs)
    finally:
        handle.remove()
    return ran


class _Watch(TorchDispatchMode):  # type: ignore[no-untyped-call]
    def __init__(
        self, names: dict[nn.Module, str], running: list[nn.Module], found: Counter[Draw]
    ) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._names = names
        self._running = running
        self._found = found

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if torch.Tag.nondeterministic_seeded in func.tags and not _silent(func, args, kwargs or {}):
            module = self._running[-1]
            name = self._names.get(module, "(unregistered)")
            operator = func._schema.name
            kind = type(module).__name__
            self._found[Draw(name, kind, _place(), operator, _dropped(operator, args))] += 1
        return func(*args, **(kwargs or {}))


def _silent(func: Any, args: Any, kwargs: dict[str, Any]) -> bool:
    """Whether an operator that can draw was told not to: attention with dropout_p of 0."""
    given = dict(zip((argument.name for argument in func._schema.arguments), args, strict=False))
    given.update(kwargs)
    if "attention" in func._schema.name:
        return not given.get("dropout_p", 0.0)
    return False


def _dropped(operator: str, args: Any) -> float | None:
    numbers = [value for value in args if isinstance(value, float)]
    return round(1 - numbers[0], 9) if "bernoulli" in operator and numbers else None


def _place() -> str:
    frame: FrameType | None = sys._getframe()
    while frame is not None:
        path = frame.f_code.co_filename
        if not path.startswith(_CARRIERS):
            return f"{Path(path).name}:{frame.f_lineno}"
        frame = frame.f_back
    raise AssertionError("A forward is always called from outside torch.")


@contextmanager
def _following(running: list[nn.Module]) -> Iterator[None]:
    """Keep the modules whose forward is running, the innermost one last, in `running`."""

    def enter(module: nn.Module, _args: Any) -> None:
        running.append(module)

    def leave(module: nn.Module, _args: Any, _result: Any) -> None:
        assert running.pop() is module

    handles = [
        hooks.register_module_forward_pre_hook(enter),
        hooks.register_module_forward_hook(leave, always_call=True),
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
