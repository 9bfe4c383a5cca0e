"""Record one forward: who was reached, what was dropped, which calls were made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from ._calls import DropoutCall, DropoutCalls
from ._flow import Flow
from ._names import label
from ._tensors import tensors
from ._untouched import random_fingerprint

WHOLE = (nn.MultiheadAttention, nn.RNNBase)
"""Layers of torch that apply a number inside, and count as one step."""


class Recorder(DropoutCalls):
    """What happens in the forwards inside `watching`.

    Args:
        names: The model's modules, with those it does not know of.
        layers: Those of them that are dropout layers.

    Attributes:
        entered: How often each module was called.
        alive: By layer, how many elements came in that were not 0.
        dropped: By layer, how many of them came out as 0.
        random: Layers in whose forward torch drew a random number.
        flow: What stands before and after the layers and the calls.
    """

    entered: Counter[nn.Module]
    alive: Counter[nn.Module]
    dropped: Counter[nn.Module]
    random: set[nn.Module]
    flow: Flow

    def __init__(self, names: Mapping[nn.Module, str], layers: Collection[nn.Module]) -> None:
        super().__init__()
        self.names = dict(names)
        self.layers = layers
        self.entered = Counter()
        self.alive = Counter()
        self.dropped = Counter()
        self.random = set()
        self.flow = Flow()
        self._open: list[tuple[Tensor | None, bytes]] = []

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Hook every module and see every function inside the block."""
        handles = []
        try:
            for module in self.names or ():
                if not isinstance(module, torch.jit.ScriptModule):  # takes no hooks
                    handles += [
                        module.register_forward_pre_hook(self._enter, with_kwargs=True),
                        module.register_forward_hook(self._leave, with_kwargs=True),
                    ]
            with self:
                yield
        finally:
            for handle in handles:
                handle.remove()

    def ran(
        self, func: Any, args: Any, kwargs: dict[str, Any], result: Any, call: DropoutCall | None
    ) -> None:
        """Follow the tensors through a function."""
        name = getattr(func, "__name__", "")
        if call is not None:
            self.flow.enter(site_key(call), args or kwargs)
        self.flow.ran(name, (args, kwargs), result)
        if call is not None:
            self.flow.leave(site_key(call), result)

    def _enter(self, module: nn.Module, args: Any, kwargs: Any) -> None:
        with torch._C.DisableTorchFunction():
            self.entered[module] += 1
            if self._is_leaf(module):
                self.flow.take((args, kwargs), self._label(module))
            if module in self.layers or isinstance(module, WHOLE):
                self.flow.enter(module, (args, kwargs))
            if module in self.layers:
                first = next(tensors((args, kwargs)), None)
                self._open.append((_alive(first), random_fingerprint()))

    def _leave(self, module: nn.Module, args: Any, kwargs: Any, output: Any) -> None:
        with torch._C.DisableTorchFunction():
            if self._is_leaf(module):
                self.flow.made(output, self._label(module))
            if module in self.layers:
                self._count(module, output)
            if module in self.layers or isinstance(module, WHOLE):
                self.flow.leave(module, output)

    def _count(self, module: nn.Module, output: Any) -> None:
        alive, fingerprint = self._open.pop()
        if random_fingerprint() != fingerprint:
            self.random.add(module)
        if alive is None or not isinstance(output, Tensor) or output.shape != alive.shape:
            return
        self.alive[module] += int(alive.sum())
        self.dropped[module] += int((alive & (output == 0)).sum())

    def _label(self, module: nn.Module) -> str:
        return label((self.names or {})[module], module)

    def _is_leaf(self, module: nn.Module) -> bool:
        """Whether a module counts as one step: a layer without others inside, or torch's own."""
        if module in self.layers or isinstance(module, WHOLE):
            return True
        return not set(module._modules) - {"parametrizations"}


def _alive(x: Tensor | None) -> Tensor | None:
    plain = x is not None and x.layout is torch.strided and not x.is_nested
    return torch.ne(x, 0) if plain and x is not None else None


def site_key(call: DropoutCall) -> tuple[Any, ...]:
    """Tell functional calls apart: by module, function, line and rate."""
    return call.module, call.what, call.place, call.p, call.changeable
