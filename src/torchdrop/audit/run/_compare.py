"""Two passes in evaluation mode, and the first layer in which they differ."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ...modes import evaluating, load_rng_state, rng_state
from ...sites import DropoutCall, DropoutCalls
from ._call import first_tensor
from ._draws import Draws
from ._hooks import RootHook
from ._scene import parse
from ._subject import Subject


@dataclass(slots=True)
class _Pass:
    """The first tensor that each layer gave, in the order in which layers end."""

    outputs: list[tuple[str, Tensor]]
    calls: list[DropoutCall]


def compare(subject: Subject, args: tuple[Any, ...], kwargs: dict[str, Any]) -> bool:
    """Run a model twice in evaluation mode without gradients, and report what differs.

    The random state goes on from the first pass to the second, and is put back after both; modes
    are restored.

    Args:
        subject: The model.
        args: What it is called with.
        kwargs: Likewise.

    Returns:
        Whether both passes gave the same in every layer.
    """
    model = subject.root
    state, draws = rng_state(model), Draws(model)
    before = draws.state()
    try:
        with evaluating(model), torch.no_grad():
            first, second = (_run(subject, args, kwargs) for _ in range(2))
        drew = draws.state() != before
    finally:
        load_rng_state(model, state)
    name = _first_difference(first, second)
    if name is None:
        return True
    _report(subject, name, first, drew)
    return False


def _run(subject: Subject, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Pass:
    run = _Pass([], [])
    with ExitStack() as stack:
        for name, part in subject.model.named_modules():
            if not isinstance(part, torch.jit.ScriptModule):
                hook = RootHook(part, _ignore, _keep(run, name))
                handle = part.register_forward_hook(hook, with_kwargs=True)
                stack.callback(handle.remove)
        seen = stack.enter_context(DropoutCalls(subject.model))
        subject.root(*args, **kwargs)
    run.calls = [call for call in seen.calls if call.active]
    return run


def _ignore(args: object, kwargs: object) -> None:
    return


def _keep(run: _Pass, name: str) -> Any:
    def after(output: Any) -> None:
        tensor = first_tensor(output)
        if tensor is not None:
            run.outputs.append((name, tensor.detach().clone()))

    return after


def _first_difference(first: _Pass, second: _Pass) -> str | None:
    """The layer that ends first of those that differ, which is the innermost."""
    for (name, a), (other, b) in zip(first.outputs, second.outputs, strict=False):
        if name != other or a.shape != b.shape:
            return name
        if not torch.allclose(a, b, rtol=0.0, atol=0.0, equal_nan=True):
            return name
    return None


def _report(subject: Subject, name: str, run: _Pass, drew: bool) -> None:
    inside = [call for call in run.calls if _is_in(call.name, name)]
    call = next(iter(inside or run.calls), None)
    what = f"; {call.what} drops there with p = {call.p}" if call is not None else ""
    if not drew:
        what = "; nothing random was drawn, so it is rounding, or state that a forward changes"
    subject.report(
        "DRP402",
        "two passes in evaluation mode differ, first in "
        f"{name or 'the model itself'} ({_kind(subject.model, name)}){what}.",
        modules=(name,),
        severity=None if drew else "advice",
        scene=parse(call.place) if call is not None else None,
    )


def _is_in(name: str | None, outer: str) -> bool:
    return name is not None and (not outer or name == outer or name.startswith(f"{outer}."))


def _kind(model: nn.Module, name: str) -> str:
    return type(model.get_submodule(name)).__name__
