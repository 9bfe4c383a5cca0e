"""No dropout at all, for good."""

from __future__ import annotations

import threading
from contextlib import ExitStack
from typing import Any

from torch import nn

from ..sites import DropoutCall, DropoutCalls, Site, find_sites
from ._block import check_model
from ._frozen import frozen
from ._rate import put_rate
from ._record import Disabled, TurnedOff


def disable_(model: nn.Module, *, example: Any = None) -> Disabled:
    """Turn all dropout of `model` off for good, as far as possible, in place.

    Every rate that a layer or another module keeps is set to 0; modes stay as they are. A layer
    whose rate is learned or computed is `frozen`. For functional calls, which can only be found
    by running the model, give an `example`: each module that makes one gets a pair of hooks that
    answer it with p = 0 whenever the module is called. Copies and pickles keep all this, a
    `state_dict` does not. Compile a model afterwards; hooks break its graph.

    Not reached are masks made by hand, kernels of other packages, TorchScript, and torchdrop's own
    functions called with `training=True`; the record says what was met.

    Args:
        model: Any module.
        example: An input to find calls by: a tensor, a tuple of arguments or a dict of keyword
            arguments. It costs four forwards that leave no trace.

    Returns:
        What was turned off, and what could not be and why; `print` shows a table.

    Raises:
        ModelError: If `model` is no `torch.nn.Module`, or does not run on `example`.

    Example:
        >>> from torch import nn
        >>> model = nn.Sequential(nn.LSTM(3, 3, num_layers=2, dropout=0.2), nn.Dropout())
        >>> len(disable_(model))
        2
        >>> model[0].dropout, model[1].p
        (0.0, 0.0)
    """
    check_model(model)
    record = Disabled()
    if example is None:
        why = "functional calls were not looked for; give an example"
        record.left.append(TurnedOff("", "calls", None, why))
    sites = [site for site in find_sites(model, example) if site.p != 0]
    results = [_off(site) for site in sites]
    dropping = set() if example is None else _still_dropping(model, example)
    for site, result in zip(sites, results, strict=True):
        drops = site.kind == "call" and (site.what, site.place) in dropping
        why = "out of reach; pass training=False" if drops else result
        entry = TurnedOff(site.name, site.what, site.p, why, site.place)
        (record.left if drops else record.off).append(entry)
    return record


def _off(site: Site) -> str:
    if site.attribute is not None:
        put_rate(site.module, site.attribute, 0.0)
        return "rate set to 0"
    if site.kind != "call":
        frozen(site.module)
        return "frozen"
    if _begin not in site.module._forward_pre_hooks.values():
        site.module.register_forward_pre_hook(_begin)
        site.module.register_forward_hook(_end, always_call=True)
    return "answered with p = 0 by a hook"


def _still_dropping(model: nn.Module, example: Any) -> set[tuple[str, str | None]]:
    """Run once more, and tell which calls have dropped nevertheless."""
    _running.fixed = set()
    again = {(s.what, s.place) for s in find_sites(model, example) if s.kind == "call" and s.rate}
    return again | _running.fixed


class _Running(threading.local):
    """Modules whose forward is running, with what answers their calls; calls that took none."""

    def __init__(self) -> None:
        self.stack: list[tuple[nn.Module, ExitStack]] = []
        self.fixed: set[tuple[str, str | None]] = set()


_running = _Running()


def _begin(module: nn.Module, arguments: object) -> None:
    stack = ExitStack()
    stack.enter_context(DropoutCalls(answer=_answer, keep=False))
    _running.stack.append((module, stack))


def _end(module: nn.Module, arguments: object, output: object) -> None:
    # Torch calls it too where a hook before `_begin` failed.
    if _running.stack and _running.stack[-1][0] is module:
        _running.stack.pop()[1].close()


def _answer(call: DropoutCall) -> float | None:
    if call.active and not call.changeable:
        _running.fixed.add((call.what, call.place))
    return 0.0 if call.active else None
