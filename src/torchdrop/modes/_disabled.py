"""No dropout at all inside a block, whatever mode the model is in."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial

from torch import nn

from ..sites import DropoutCall, DropoutCalls, Site, find_sites
from ._block import Block, check_model
from ._claims import Claim
from ._eagerly import eagerly
from ._frozen import Off, is_kept_off
from ._rate import put_rate
from ._record import Disabled, TurnedOff


def disabled(model: nn.Module) -> Block[Disabled]:
    """Turn all dropout of `model` off inside the block, and nothing else.

    For log-probabilities that must not be noisy (PPO, GRPO, DPO), and to debug. Batch
    normalization and all else stay in the mode they are in; `train` and `eval` may be called
    inside, and dropout stays off. Off are

    - dropout layers (see `find_sites`), also those in plain lists and dicts: their own flag;
    - rates that other modules keep, such as `MultiheadAttention.dropout` and `LSTM.dropout`: set
      to 0 until the block ends, as the layer's mode means more than dropout;
    - functional calls in this thread, such as `F.dropout(x, training=True)` and attention's
      `dropout_p`: answered with p = 0 whatever they say.

    Not reached are masks made by hand, kernels of other packages, TorchScript, and torchdrop's
    own functions called with `training=True`; the record names the latter when they are met.
    Blocks nest, also with other modes: inside `sampling` or around it, what is disabled is off.
    A copy of the model that is made inside keeps its layers off until `release`. Other threads
    are refused modes of this model meanwhile. A compiled model runs without its
    graph inside.

    Args:
        model: Any module.

    Returns:
        A context manager and decorator, which gives the record of what was turned off and what
        was not; functional calls come in as they are met.

    Raises:
        ModelError: If `model` is no `torch.nn.Module`.
        ModeError: On entry, if another thread is in a block that holds dropout of the model.

    Example:
        >>> import torch
        >>> from torch import nn
        >>> model, x = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.1)), torch.randn(5, 3)
        >>> with disabled(model) as record:
        ...     model.training, torch.equal(model(x), model(x))
        (True, True)
        >>> print(record)
        site  what     p    result
        1     Dropout  0.1  off by its mode
    """
    check_model(model)
    return Block(partial(_disabled, model))


@contextmanager
def _disabled(model: nn.Module) -> Iterator[Disabled]:
    record = Disabled()
    sites = [site for site in find_sites(model) if site.p != 0]
    layers = [site for site in sites if site.kind in ("module", "unregistered")]
    with ExitStack() as stack:
        stack.enter_context(_layers_off({site.module for site in layers}))
        record.off += [_entry(site, "off by its mode") for site in layers]
        for site in sites:
            if site.kind == "number" and site.attribute is not None:
                before = put_rate(site.module, site.attribute, 0.0)
                stack.callback(put_rate, site.module, site.attribute, before)
                record.off.append(_entry(site, "rate set to 0"))
        stack.enter_context(eagerly(model))
        calls = stack.enter_context(DropoutCalls(model, partial(_answer, record), keep=False))
        _here.modules.append(calls.names or {})
        stack.callback(_here.modules.pop)
        yield record


def is_call_off(module: nn.Module) -> bool:
    """Whether a block around this point of the thread turns off the calls that a module makes.

    Args:
        module: Any module.

    Returns:
        The verdict.
    """
    return any(module in modules for modules in _here.modules)


def blocks_around() -> int:
    """How many blocks of `disabled` this point of the thread is in."""
    return len(_here.modules)


class _Here(threading.local):
    """What each thread has of its own."""

    def __init__(self) -> None:
        self.modules: list[Mapping[nn.Module, str]] = []


_here = _Here()


@contextmanager
def _layers_off(layers: set[nn.Module]) -> Iterator[None]:
    new = [layer for layer in layers if not is_kept_off(layer)]

    def switch() -> None:
        for layer in new:
            vars(layer)["train"] = Off(layer)
            layer.training = False

    claim = Claim(dict.fromkeys(layers, False), switch, alone=True)
    try:
        yield
    finally:
        wishes = {layer: _end(layer) for layer in new}
        claim.give_back()
        for layer, wish in wishes.items():
            if wish is not None:
                layer.training = wish


def _end(layer: nn.Module) -> bool | None:
    """Take off what keeps a layer off, and tell which mode it should have by now."""
    stay = vars(layer).get("train")
    if not isinstance(stay, Off):
        return None
    del vars(layer)["train"]
    return stay.wish


def _answer(record: Disabled, call: DropoutCall) -> float | None:
    if not call.active or call.module is None:
        return None
    result = "answered with p = 0" if call.changeable else _FIXED
    entry = TurnedOff(call.name or "", call.what, call.p, result, call.place)
    entries = record.off if call.changeable else record.left
    if entry not in entries:
        entries.append(entry)
    return 0.0


_FIXED = "torchdrop's function takes no answer; pass training=False"


def _entry(site: Site, result: str) -> TurnedOff:
    return TurnedOff(site.name, site.what, site.p, result, site.place)
