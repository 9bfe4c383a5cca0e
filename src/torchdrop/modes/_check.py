"""Prove that a model in evaluation mode drops nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils import _pytree as pytree

from ..errors import ModeError
from ..sites import DropoutCall, DropoutCalls, named_modules
from ._eagerly import eagerly, is_compiled
from ._generators import generators_kept

Arguments = tuple[tuple[Any, ...], dict[str, Any]]


def prove_evaluation(model: nn.Module, given: Arguments) -> None:
    """Run the model twice and raise if anything in it is random.

    Args:
        model: In evaluation mode.
        given: Its arguments.

    Raises:
        ModeError: If something is seen to drop, or the two outputs differ; it names the first
            place.
    """
    with generators_kept(model), eagerly(model), DropoutCalls(model) as seen:
        first, second = _tensors(run(model, given)), _tensors(run(model, given))
        active = [call for call in seen.calls if call.active]
        if active:
            raise ModeError(_still_drops(model, active[0]))
        if not first:
            raise ModeError(
                f"check compares the tensors that a model returns; {type(model).__name__} "
                "returned none. Check the part of it that does."
            )
        if _agree(first, second):
            return
        differing = _first_to_differ(model, given)
    if differing is not None or not _agree(first, second, rounding=True):
        raise ModeError(
            f"{_label(model, differing or model)} gives different outputs for the same input in "
            "evaluation mode, though no call of a known dropout was seen: a mask made by hand, "
            "noise, or a state that changes. Make it depend on self.training."
        )


@contextmanager
def checked(model: nn.Module) -> Iterator[None]:
    """Prove it on the first input that the model gets inside the block.

    Args:
        model: In evaluation mode.

    Yields:
        Nothing.

    Raises:
        ModeError: Out of that forward, as in `prove_evaluation`; or at the end, if there was none.
    """
    ran: list[bool] = []

    def first(module: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        # Copies have the hook too.
        if not ran and module is model:
            ran.append(True)
            handle.remove()
            prove_evaluation(model, (args, kwargs))

    # A compiler would make it a part of the graph.
    hook: Any = first
    if is_compiled(model):
        hook = torch.compiler.disable(first)  # type: ignore[no-untyped-call]
    handle = model.register_forward_pre_hook(hook, with_kwargs=True)
    try:
        yield
    finally:
        handle.remove()
    if not ran:
        raise ModeError(
            f"check needs an input; {type(model).__name__} was not called inside the block, only "
            "parts of it if any. Give one by example=."
        )


def run(model: nn.Module, given: Arguments) -> Any:
    """Call a model on a copy of its arguments, since it may write into them.

    Args:
        model: Any module.
        given: Its arguments.

    Returns:
        What it returns.
    """
    args, kwargs = pytree.tree_map_only(Tensor, lambda x: x.detach().clone(), given)
    return model(*args, **kwargs)


def _still_drops(model: nn.Module, call: DropoutCall) -> str:
    where = _label(model, call.module) if call.module is not None else type(model).__name__
    place = f" at {call.place}" if call.place else ""
    return (
        f"{where} still drops in evaluation mode: {call.what} with p={call.p}{place}. Pass "
        "training=self.training, or register the layer as an attribute of its module."
    )


def _label(model: nn.Module, module: nn.Module) -> str:
    name = named_modules(model).get(module, "")
    return f"{name} ({type(module).__name__})" if name else type(module).__name__


def _first_to_differ(model: nn.Module, given: Arguments) -> nn.Module | None:
    """Find the first module to finish whose output is not the same in a second run.

    Differences within rounding do not count: sums on many threads have them.
    """
    first, second = _outputs(model, given), _outputs(model, given)
    for (module, one), (again, two) in zip(first, second, strict=False):
        if module is not again or not _agree(one, two, rounding=True):
            return module
    return None


def _outputs(model: nn.Module, given: Arguments) -> list[tuple[nn.Module, list[Tensor]]]:
    finished: list[tuple[nn.Module, list[Tensor]]] = []

    def note(module: nn.Module, arguments: object, output: object) -> None:
        finished.append((module, [x.detach().clone() for x in _tensors(output)]))

    handles = [module.register_forward_hook(note) for module in named_modules(model)]
    try:
        run(model, given)
    finally:
        for handle in handles:
            handle.remove()
    return finished


def _tensors(output: object) -> list[Tensor]:
    found: list[Tensor] = []
    for leaf in pytree.tree_leaves(output):
        if isinstance(leaf, Tensor):
            found.append(leaf)
        elif is_dataclass(leaf) and not isinstance(leaf, type):
            for field in fields(leaf):
                found += _tensors(getattr(leaf, field.name))
    return found


def _agree(first: list[Tensor], second: list[Tensor], *, rounding: bool = False) -> bool:
    return len(first) == len(second) and all(
        _equal(one, two, rounding) for one, two in zip(first, second, strict=True)
    )


def _equal(one: Tensor, two: Tensor, rounding: bool) -> bool:
    if one.shape != two.shape or one.dtype != two.dtype:
        return False
    if not (one.is_floating_point() or one.is_complex()):
        return torch.equal(one, two)
    # A hundred units in the last place.
    relative = 100 * torch.finfo(one.dtype).eps if rounding else 0.0
    return torch.allclose(one, two, rtol=relative, atol=relative, equal_nan=True)
