"""Run a model once in training mode, and take down what feeds what."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn
from torch.utils.weak import WeakTensorKeyDictionary

from ...sites import VIEWS, DropoutCall, Forwards, is_dropout, tensors
from ._kinds import form_of_function, form_of_layer, is_step, kind_of_function, kind_of_layer
from ._lines import line_of
from ._overwritten import Overwritten, works_in_place
from ._steps import Flow, Step


@dataclass(slots=True)
class _Open:
    """A layer that is running."""

    module: nn.Module
    step: bool
    given: list[Tensor]
    sources: tuple[int, ...]


class Tracer(Forwards):
    """Takes down the steps of the forwards inside `watching`.

    Args:
        names: The model's modules.
        rates: Of its dropout layers; `None` where it is no number.

    Attributes:
        flow: The steps.
        overwritten: What dropout in place wrote into.
        norms: For each batch normalization in order, the step and the variance that came in,
            summed over channels; `None` where there are too few numbers to tell.
    """

    flow: Flow
    overwritten: Overwritten
    norms: list[tuple[int, float | None]]

    def __init__(
        self, names: Mapping[nn.Module, str], rates: Mapping[nn.Module, float | None]
    ) -> None:
        super().__init__(names)
        self.names = self.modules
        self.rates = rates
        self.flow = Flow()
        self.overwritten = Overwritten()
        self.norms = []
        self._from: Any = WeakTensorKeyDictionary()
        self._open: list[_Open] = []

    def begin(self, given: Any) -> None:
        """Take tensors for the model's input."""
        first = next(tensors(given), None)
        self.flow.shape = None if first is None else tuple(first.shape)
        self._tag(given, Step("input", "", "input", made=self.flow.shape))

    def end(self, values: Any) -> None:
        """Take tensors for the model's output."""
        self._use(values)
        self.flow.add(Step("output", "", "output", sources=self._sources(values)))

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run the call, and note it."""
        kwargs, seen = kwargs or {}, len(self.calls)
        name = getattr(func, "__name__", "")
        inside = self._inside()
        sources = () if inside else self._sources((args, kwargs))
        if name == "batch_norm" and not inside:
            self._measure(args[0] if args else kwargs["input"])
        given = next(tensors((args, kwargs)), None)
        result = super().__torch_function__(func, types, args, kwargs)
        call = self.calls[seen] if len(self.calls) > seen and self.calls[seen].changeable else None
        if inside:
            return result
        if name not in VIEWS and next(tensors(result), None) is not None:
            self._use((args, kwargs))
        if call is not None and call.active and given is not None:
            return self._dropped(call, name, given, sources, args, kwargs, result)
        self._ran(name, call, sources, (args, kwargs), result)
        return result

    def _dropped(
        self,
        call: DropoutCall,
        name: str,
        given: Tensor,
        sources: tuple[int, ...],
        args: Any,
        kwargs: Any,
        result: Any,
    ) -> Any:
        module = self._owner()
        if "attention" in name or not isinstance(result, Tensor):
            self._tag(result, Step("other", module, name, sources=sources))
            return result
        step = Step("dropout", module, name, sources=sources, line=line_of(sys._getframe(2)))
        step.p, step.form, step.given = call.p or 0.0, form_of_function(name), tuple(given.shape)
        in_place = works_in_place(name, args, kwargs)
        return self._put(step, given, result, in_place)

    def _put(self, step: Step, given: Tensor, result: Tensor, in_place: bool) -> Tensor:
        """Add a dropout; what it wrote in place gets another identity, to be told from before."""
        made = result.view_as(result) if in_place and result is given else result
        index = self._tag(made, step)
        if made is not result:
            self.overwritten.note(index, step, given)
        return made

    def _ran(self, name: str, call: Any, sources: tuple[int, ...], given: Any, result: Any) -> None:
        if name in VIEWS or (call is not None and isinstance(result, Tensor)):
            first = next(tensors(given), None)
            if first is not None and first in self._from:
                for tensor in tensors(result):
                    self._from[tensor] = self._from[first]
        elif name == "__setitem__":
            self._tag(given[0][0], Step("other", self._owner(), name, sources=sources))
        elif sources and next(tensors(result), None) is not None:
            kind = kind_of_function(name, tensors(given))
            self._tag(result, Step(kind, self._owner(), name, sources=sources))

    def enter(self, module: nn.Module, given: Any) -> None:
        """Note what feeds a layer."""
        inside = self._inside()
        step = is_step(module) or inside
        taken = list(tensors(given)) if step and not inside else []
        self._use(taken)
        if taken and kind_of_layer(module) == "batch_norm":
            self._measure(taken[0])
        self._open.append(_Open(module, step, taken, self._sources(taken)))

    def leave(self, module: nn.Module, output: Any) -> Any:
        """Note the step that a layer is, unless it is in another."""
        opened = self._open.pop()
        if not opened.step or self._inside():
            return None
        name, what = self.modules[module], type(module).__name__
        if is_dropout(module):
            return self._left_dropout(opened, name, what, output)
        if not isinstance(module, nn.Identity) and opened.sources:
            kind = kind_of_layer(module)
            self._tag(output, Step(kind, name, what, module, opened.sources))
        return None

    def _left_dropout(self, opened: _Open, name: str, what: str, output: Any) -> Any:
        module, p = opened.module, self.rates.get(opened.module)
        if not opened.given or not isinstance(output, Tensor):
            return None
        given, form = opened.given[0], form_of_layer(module)
        drops = module.training and p != 0
        if not drops:
            if given in self._from:
                self._from[output] = self._from[given]
            return None
        step = Step("dropout", name, what, module, opened.sources, p=p or 0.0, form=form)
        step.given = tuple(given.shape)
        return self._put(step, given, output, bool(getattr(module, "inplace", False)))

    def _tag(self, values: Any, step: Step) -> int:
        found = list(tensors(values))
        step.made = tuple(found[0].shape) if found else None
        index = self.flow.add(step)
        for tensor in found:
            self._from[tensor] = index
        return index

    def _sources(self, values: Any) -> tuple[int, ...]:
        return tuple(dict.fromkeys(self._from[x] for x in tensors(values) if x in self._from))

    def _use(self, values: Any) -> None:
        for tensor in tensors(values):
            if tensor in self._from:
                self.overwritten.use(tensor, self._from[tensor])

    def _measure(self, x: Tensor) -> None:
        enough = x.dim() > 1 and not x.is_meta and x.numel() // max(x.shape[1], 1) >= _FEW
        axes = [axis for axis in range(x.dim()) if axis != 1]
        variance = float(x.detach().float().var(axes).sum()) if enough else None
        self.norms.append((len(self.flow.steps), variance))

    def _inside(self) -> bool:
        return bool(self._open) and self._open[-1].step

    def _owner(self) -> str:
        return self.modules[self._open[-1].module] if self._open else ""


_FEW = 32
"""Numbers in a channel, below which their variance says little."""
