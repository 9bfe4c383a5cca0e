"""Dropout on, and everything else as in evaluation."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import torch.nn.functional as F
from torch import nn
from torch.overrides import TorchFunctionMode

from ..errors import ModelError
from ..sites import DropoutCall, DropoutCalls, arguments, find_sites, is_dropout
from ._attention import decides_on_attention, hands_rate_on
from ._block import Block, check_model
from ._check import run
from ._claims import Claim
from ._disabled import blocks_around, is_call_off
from ._eagerly import eagerly
from ._frozen import is_kept_off
from ._generators import generators_kept
from ._switch import evaluating

M = TypeVar("M", bound=nn.Module)
Kinds = type[nn.Module] | tuple[type[nn.Module], ...]
Place = tuple[nn.Module | None, str, str | None]


def sampling(model: M, *, example: Any = None, also: Kinds = ()) -> Block[M]:
    """Let `model` drop inside the block, and do everything else as in evaluation.

    What Monte Carlo dropout needs: forwards differ from one another by their masks, while batch
    normalization uses its running statistics and leaves them alone. On are

    - the dropout layers of torch, of torchdrop and of other packages (see `find_sites`), in plain
      lists and dicts too, and those of the kinds in `also`;
    - rates that other modules keep: `MultiheadAttention`, `LSTM`, Hugging Face's attention. Only
      that module's own flag is set, not those of what is in it. `TransformerEncoderLayer` takes
      its slow path, as the fast one drops nothing;
    - functional calls that are off by their flag: they are answered with their own p, and the
      module that makes them stays in evaluation mode. Without `example` all are taken to follow
      the mode, but for `alpha_dropout`, which torch leaves off by default; with `example` those
      that do so are.

    Not reached without `example`: calls that are not made in evaluation mode, or made with p = 0
    (of `scaled_dot_product_attention` they are, if made by a module that asks for its own mode).
    With it, the flag of the module that makes them is set. Modules that are `frozen` stay off;
    what is `disabled` too. A mask made by hand is reached by `also` alone.

    Modes are restored as by `evaluating`, and threads are kept apart likewise; functional calls
    are reached in the thread that entered. A compiled model runs without its graph inside.

    Args:
        model: Any module.
        example: An input to find calls by: a tensor, a tuple of arguments or a dict of keyword
            arguments. It costs some forwards at entry; nothing they draw is felt afterwards.
        also: Classes of the user's own that drop if their `training` is set.

    Returns:
        A context manager and decorator, which gives `model` itself.

    Raises:
        ModelError: If `model` is no `torch.nn.Module`; if nothing in it is random: on entry where
            an example was given, else out of the first forward.
        ModeError: On entry, if another thread holds part of the model in another mode.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> model, x = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout()), torch.randn(50, 3)
        >>> with sampling(model):
        ...     model.training, model[0].training, torch.equal(model(x), model(x))
        (False, False, False)
        >>> model.training, int(model[0].num_batches_tracked)
        (True, 0)
    """
    check_model(model)
    return Block(partial(_sampling, model, example, also))


@contextmanager
def _sampling(model: M, example: Any, also: Kinds) -> Iterator[M]:
    plan = _plan(model, example, also)
    with ExitStack() as stack:
        plan.claim = stack.enter_context(_flags(model, plan))
        stack.enter_context(eagerly(model))
        if any(not _only_drops(module) for module in plan.on | plan.ways):
            stack.enter_context(_NormsAsInEvaluation())
        stack.enter_context(DropoutCalls(model, plan.answer, keep=False))
        witness = stack.enter_context(_witness(model, plan))
        if example is not None:
            with generators_kept(model):
                run(model, arguments(example))
            witness.close()
        yield model


@dataclass(eq=False)
class _Plan:
    """Which modules are switched on, and which calls are turned on.

    Attributes:
        on: Modules that drop if their own flag is set.
        ways: Modules whose own flag decides whether dropout in them is reached.
        others: The rest of those that the model does not know of; their flag is cleared.
        held: Modules whose calls are left to their own flag.
        calls: Calls that follow the mode; `None` if that is not known.
        claim: On the modes of the model, while the block runs.
        seen: Whether a call has dropped.
    """

    on: set[nn.Module]
    ways: set[nn.Module]
    others: set[nn.Module]
    held: set[nn.Module]
    calls: set[Place] | None
    claim: Claim | None = None
    seen: bool = False

    def answer(self, call: DropoutCall) -> float | None:
        if call.module is None or is_call_off(call.module):
            return None
        if call.active:
            self.seen = True
            return None
        kept = call.module in self.held or is_kept_off(call.module)
        decides = self.claim is not None and self.claim.decides(call.module)
        if kept or not decides or not call.changeable or not call.p:
            return None
        if self.calls is None:
            wanted = "alpha" not in call.what
        else:
            wanted = (call.module, call.what, call.place) in self.calls
        if not wanted:
            return None
        self.seen = True
        return call.p


def _plan(model: nn.Module, example: Any, also: Kinds) -> _Plan:
    calls: set[Place] | None = None
    if example is None:
        sites = find_sites(model)
    else:
        sites = find_sites(model, example)
        calls = set[Place](
            (site.module, site.what, site.place)
            for site in sites
            if site.kind == "call" and site.follows_training
        )
    places = [site for site in sites if site.kind != "call"]
    held = {site.module for site in places} | set(_kinds(model, also))
    dropping = {site.module for site in places if site.p != 0} | set(_kinds(model, also))
    if calls:
        dropping |= {module for module, _, _ in _lost(model, example, calls) if module is not None}
    on = {module for module in dropping if not is_kept_off(module)}
    others = {site.module for site in places if site.kind == "unregistered"} - on
    ways = _ways(model, on, blind=calls is None)
    taken = {site.place for site in places if site.place and site.rate}
    if taken:
        ways |= _takers(model, example, taken)
    return _Plan(on, ways, others, held, calls)


def _takers(model: nn.Module, example: Any, taken: set[str]) -> set[nn.Module]:
    """Find modules that hand a layer's rate to a call, and 0 in evaluation mode."""
    seen = _calls_in_evaluation(model, example)
    found = {c.module for c in seen if c.place in taken and not c.p and c.module is not None}
    return {module for module in found if not is_kept_off(module)}


def _ways(model: nn.Module, on: set[nn.Module], *, blind: bool) -> set[nn.Module]:
    # Their fast path never calls the dropout layers that they have.
    layers = _kinds(model, nn.TransformerEncoderLayer)
    ways = {layer for layer in layers if on & {*layer.modules()}}
    if blind:
        ways |= {m for m in model.modules() if decides_on_attention(m) or hands_rate_on(m)}
    return {module for module in ways if not is_kept_off(module)}


def _kinds(model: nn.Module, kinds: Kinds) -> Iterable[nn.Module]:
    return (module for module in model.modules() if isinstance(module, kinds))


def _lost(model: nn.Module, example: Any, calls: set[Place]) -> set[Place]:
    """Find calls that evaluation does not make, or makes without their rate."""
    seen = _calls_in_evaluation(model, example)
    return calls - {(call.module, call.what, call.place) for call in seen if call.p}


def _calls_in_evaluation(model: nn.Module, example: Any) -> list[DropoutCall]:
    with generators_kept(model), evaluating(model), eagerly(model), DropoutCalls(model) as seen:
        run(model, arguments(example))
    return list(seen.calls)


@contextmanager
def _flags(model: nn.Module, plan: _Plan) -> Iterator[Claim]:
    wanted = dict.fromkeys((*model.modules(), *plan.others), False)
    wanted.update(dict.fromkeys(plan.on | plan.ways, True))

    def switch() -> None:
        model.train(False)
        for module in plan.others:
            module.training = False
        for module in plan.on | plan.ways:
            module.training = True

    claim = Claim(wanted, switch)
    try:
        yield claim
    finally:
        claim.give_back()


def _only_drops(module: nn.Module) -> bool:
    return is_dropout(module) or type(module).__module__.startswith("torch.nn.")


class _NormsAsInEvaluation(TorchFunctionMode):
    """Keeps a forward whose flag is set for its dropout from normalizing by the batch too."""

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = dict(kwargs or {})
        # Without statistics it has nothing but the batch to normalize by, in evaluation too.
        if func is F.batch_norm and args[1] is not None:
            kwargs["training"] = False
        return func(*args, **kwargs)


@contextmanager
def _witness(model: nn.Module, plan: _Plan) -> Iterator[ExitStack]:
    """Watch the first forward of the model, and raise out of it if nothing in it was random."""
    ran: list[nn.Module] = []
    around = blocks_around()

    def note(module: nn.Module, arguments: object) -> None:
        ran.append(module)

    def judge(module: nn.Module, arguments: object, output: object) -> None:
        # A block inside may turn off what this one turns on; copies have the hook too.
        inner = plan.claim is not None and not plan.claim.decides(module)
        if inner or blocks_around() > around or module is not model:
            return
        hooks.close()
        if not ran and not plan.seen:
            raise ModelError(_nothing_random(model, plan))

    with ExitStack() as hooks:
        for module in plan.on:
            hooks.callback(module.register_forward_pre_hook(note).remove)
        hooks.callback(model.register_forward_hook(judge).remove)
        yield hooks


def _nothing_random(model: nn.Module, plan: _Plan) -> str:
    off = sum(is_kept_off(module) for module in plan.held)
    found = f"{len(plan.on)} dropout sites with p > 0 that never ran" if plan.on else "none"
    kept = f", and {off} that are kept off by frozen or disabled" if off else ""
    return (
        f"sampling needs dropout that is at work in the forward; {type(model).__name__} has "
        f"{found}{kept}. Insert dropout, or name classes that make masks of their own by also=."
    )
