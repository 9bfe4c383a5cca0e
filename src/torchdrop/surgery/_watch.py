"""Run a model once, and record what feeds what."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakIdKeyDictionary

from ..sites import arguments, tensors
from ._flow import Flow, Kind
from ._kinds import ACTIVATING, activates, is_leaf, kind_of_function, kind_of_layer
from ._trial import same_numbers

_TORCH = str(Path(torch.__file__).parent)
_HERE = str(Path(__file__).parent)


def watch(model: nn.Module, example: Any) -> Flow:
    """Record the data flow of one forward in evaluation.

    Results are followed by the identity of tensors: from leaves by hooks, from functions by a
    `TorchFunctionMode`. What happens inside a leaf stays there.

    Args:
        model: In evaluation mode. Its layers get hooks for the time of the run, so give a copy.
        example: What it is called with: a tensor, a tuple of arguments, or a mapping of named ones.

    Returns:
        The flow, from `input` steps to an `output` step.
    """
    watcher = _Watcher()
    args, kwargs = arguments(copy.deepcopy(example))
    with ExitStack() as hooks:
        for site, layer in model.named_modules():
            if not isinstance(layer, torch.jit.ScriptModule):
                watcher.hook(site, layer, hooks)
        watcher.note("input", "", [], (args, kwargs), what="input")
        with torch.no_grad(), same_numbers(), _Calls(watcher):
            results = model(*args, **kwargs)
        hooks.pop_all().close()
    sources = watcher.known(results)
    watcher.flow.add("output", "", sources, layer=None, what="output")
    return watcher.flow


@dataclass(slots=True)
class _Open:
    """A layer that is running."""

    site: str
    layer: nn.Module
    leaf: bool
    given: list[Tensor]
    sources: list[int]
    main: int | None
    versions: list[int]
    inside: list[str] = field(default_factory=list)


class _Watcher:
    """Takes down calls as they happen, and knows which step each tensor came from."""

    def __init__(self) -> None:
        self.flow = Flow()
        self._from: WeakIdKeyDictionary = WeakIdKeyDictionary()
        self._open: list[_Open] = []
        self._own = False

    def known(self, value: object) -> list[int]:
        """List the steps that the tensors in `value` came from."""
        return [self._from[tensor] for tensor in tensors(value) if tensor in self._from]

    def note(self, kind: Kind, site: str, sources: list[int], results: object, **more: Any) -> None:
        """Add a step, and tag its results; `more` is what else the step has."""
        found = list(tensors(results))
        shape = {"rank": found[0].dim(), "size": found[0].numel()} if found else {}
        index = self.flow.add(kind, site, sources, **{"layer": None, **shape, **more})
        for tensor in found:
            self._from[tensor] = index

    def hook(self, site: str, layer: nn.Module, hooks: ExitStack) -> None:
        """Watch a layer until `hooks` is closed."""
        enter = layer.register_forward_pre_hook(partial(self._enter, site), with_kwargs=True)
        leave = layer.register_forward_hook(self._leave, with_kwargs=True)
        hooks.callback(enter.remove)
        hooks.callback(leave.remove)

    def call(self, function: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        """Call a function of torch's, and note it."""
        if self._own:
            return function(*args, **kwargs)
        name = getattr(function, "__name__", str(function))
        top = self._open[-1] if self._open else None
        if top is not None and top.leaf:
            results = function(*args, **kwargs)
            if any(True for _ in tensors(results)):
                top.inside.append(name)
            return results
        given = list(tensors((args, kwargs)))
        sources = self.known(given)
        results = function(*args, **kwargs)
        if sources and any(True for _ in tensors(results)):
            untagged = [tensor for tensor in given if tensor not in self._from]
            kind = kind_of_function(name, untagged, len(set(sources)))
            site = top.site if top is not None else ""
            main = sources[0] if given[0] in self._from else None
            self.note(kind, site, sources, results, what=name, main=main, place=_place())
        return results

    def _enter(self, site: str, layer: nn.Module, args: Any, kwargs: Any) -> None:
        leaf = is_leaf(layer) or any(each.leaf for each in self._open)
        given = list(tensors((args, kwargs)))
        main = next(iter(self.known(args[:1])), None)
        versions = [_version(tensor) for tensor in given]
        self._open.append(_Open(site, layer, leaf, given, self.known(given), main, versions))

    def _leave(self, layer: nn.Module, args: Any, kwargs: Any, results: Any) -> Any:
        opened = self._open.pop()
        if any(each.leaf for each in self._open) or not opened.sources:
            return None
        if not opened.leaf:
            # What came from scripts and autograd functions, which no mode sees.
            unknown = [tensor for tensor in tensors(results) if tensor not in self._from]
            if unknown:
                self.note("other", opened.site, opened.sources, unknown, what="unseen")
            return None
        results = self._apart(opened, results)
        kind = self._kind(opened, results)
        self.note(
            kind,
            opened.site,
            opened.sources,
            results,
            layer=layer,
            what=type(layer).__name__,
            main=opened.main,
        )
        return results

    def _apart(self, opened: _Open, results: Any) -> Any:
        """Give what went through unchanged another identity: before and after are two steps."""
        for tensor, version in zip(opened.given, opened.versions, strict=True):
            if results is tensor and _version(tensor) == version:
                self._own = True
                try:
                    return tensor.view_as(tensor)
                finally:
                    self._own = False
        return results

    def _kind(self, opened: _Open, results: Any) -> Kind:
        kind = kind_of_layer(opened.layer)
        plain = type(opened.layer).__module__.startswith("torch.")
        calls = opened.inside
        if plain or kind not in ("other", "weight"):
            return kind
        if kind == "weight":
            hidden = next((name for name in calls if name in ACTIVATING), None)
            if hidden is not None:
                self.flow.hidden.append((opened.site, hidden))
            return kind
        alike = isinstance(results, Tensor) and [results.shape] == [t.shape for t in opened.given]
        return "activation" if alike and activates(calls) else kind


class _Calls(TorchFunctionMode):
    """Hands every function call to a watcher."""

    def __init__(self, watcher: _Watcher) -> None:
        super().__init__()
        self._watcher = watcher

    def __torch_function__(
        self, func: Callable[..., Any], types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        return self._watcher.call(func, args, kwargs or {})


def _version(tensor: Tensor) -> int:
    return 0 if tensor.is_inference() else tensor._version


def _place() -> str | None:
    """Say where in the model's code the call is: the innermost frame outside torch and here."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(_HERE):
        frame = frame.f_back
    while frame is not None and not frame.f_code.co_filename.startswith(_HERE):
        file = frame.f_code.co_filename
        if not file.startswith(_TORCH):
            return f"{Path(file).name}:{frame.f_lineno}"
        frame = frame.f_back
    return None  # a model of torch's own
