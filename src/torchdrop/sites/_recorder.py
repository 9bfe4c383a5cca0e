"""Record one forward: who was reached, what was dropped, which calls were made."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from ._calls import DropoutCall
from ._flow import Flow
from ._forwards import Forwards
from ._modules import WHOLE, is_leaf
from ._names import label
from ._tensors import tensors
from ._untouched import random_fingerprint


class Recorder(Forwards):
    """What happens in the forwards inside `watching`.

    Args:
        names: The model's modules, with those it does not know of.
        layers: Those of them that are dropout layers.

    Attributes:
        alive: By layer, how many elements came in that were not 0.
        dropped: By layer, how many of them came out as 0.
        random: Layers in whose forward torch drew a random number.
        flow: What stands before and after the layers and the calls.
    """

    alive: Counter[nn.Module]
    dropped: Counter[nn.Module]
    random: set[nn.Module]
    flow: Flow

    def __init__(self, names: Mapping[nn.Module, str], layers: Collection[nn.Module]) -> None:
        super().__init__(names)
        self.names = self.modules
        self.layers = layers
        self.alive = Counter()
        self.dropped = Counter()
        self.random = set()
        self.flow = Flow()
        self._open: list[tuple[Tensor | None, bytes]] = []

    def begin(self, given: Any) -> None:
        """Follow the tensors of the model's input."""
        self.flow.made(given, "input")

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

    def enter(self, module: nn.Module, given: Any) -> None:
        """Note what feeds a layer, and what of it is not 0."""
        if self._is_step(module):
            self.flow.take(given, self._label(module))
        if module in self.layers or isinstance(module, WHOLE):
            self.flow.enter(module, given)
        if module in self.layers:
            self._open.append((_alive(next(tensors(given), None)), random_fingerprint()))

    def leave(self, module: nn.Module, output: Any) -> None:
        """Note what came out of a layer, and what of it is 0 now."""
        if self._is_step(module):
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
        return label(self.modules[module], module)

    def _is_step(self, module: nn.Module) -> bool:
        return module in self.layers or is_leaf(module)


def _alive(x: Tensor | None) -> Tensor | None:
    plain = x is not None and x.layout is torch.strided and not x.is_nested
    return torch.ne(x, 0) if plain and x is not None else None


def site_key(call: DropoutCall) -> tuple[Any, ...]:
    """Tell functional calls apart: by module, function, line and rate."""
    return call.module, call.what, call.place, call.p, call.changeable
