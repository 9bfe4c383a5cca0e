"""Recomputation in the backward pass that draws another mask than the forward did."""

from __future__ import annotations

import torch
from torch import nn
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from ._call import Call, in_backward, in_transform
from ._draws import is_sampled
from ._hooks import PartHook
from ._subject import Subject


class Recompute:
    """In a few steps, notes the random state at each call of what may drop.

    A call inside the backward pass recomputes. It gives the masks of the forward only if it begins
    in a random state that the forward was in at a call of the same module. `torch.utils.checkpoint`
    sees to that.

    Args:
        subject: The model.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        self._handles: list[RemovableHandle] = []
        self._states: dict[int, set[int]] = {}
        self._open: list[tuple[nn.Module, int, bool]] = []
        sites = {id(site.module) for site in subject.layers.sites}
        self._parts = [
            (name, part)
            for name, part in subject.model.named_modules()
            if id(part) in sites or not type(part).__module__.startswith("torch.nn.")
        ]

    def before(self, call: Call) -> None:
        """Hook the parts of the model for the rest of a step that is looked at."""
        subject = self._subject
        ready = not self._handles and not subject.opaque and not subject.has("DRP404")
        trains = call.grad and call.training and not call.backward
        if ready and trains and is_sampled(subject.steps):
            self._hook()

    def step(self, optimizer: Optimizer) -> None:
        """Let the parts go."""
        self.release()

    def release(self) -> None:
        """Remove the hooks, and forget the states."""
        for handle in self._handles:
            handle.remove()
        self._handles.clear()
        self._states.clear()
        self._open.clear()

    def _hook(self) -> None:
        for name, part in self._parts:
            hook = PartHook(part, name, self._begin, self._end)
            self._handles.append(part.register_forward_pre_hook(hook))
            self._handles.append(part.register_forward_hook(hook, always_call=True))

    def _begin(self, name: str, part: nn.Module) -> None:
        if in_transform() or torch.compiler.is_compiling():
            return
        state, backward = self._subject.draws.state(), in_backward()
        self._open.append((part, state, backward))
        if not backward:
            self._states.setdefault(id(part), set()).add(state)

    def _end(self, name: str, part: nn.Module) -> None:
        if not self._open or self._open[-1][0] is not part:
            return
        _, state, backward = self._open.pop()
        known = self._states.get(id(part))
        if not backward or not known or state in known or not part.training:
            return
        if self._subject.draws.state() == state or not self._drops(part):
            return
        self._subject.report(
            "DRP404",
            "the backward pass ran a part again in another random state than the forward, so the "
            f"gradient belongs to another mask: {name or 'the model itself'}.",
            modules=(name,),
        )

    def _drops(self, part: nn.Module) -> bool:
        inside = {id(module) for module in part.modules()}
        on = set(self._subject.layers.on())
        known = any(id(s.module) in inside and s.name in on for s in self._subject.layers.sites)
        return known or self._subject.calls_drop
