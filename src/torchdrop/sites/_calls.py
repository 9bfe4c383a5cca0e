"""See every functional dropout call, and change it where somebody asks for it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from torch import nn
from torch.overrides import TorchFunctionMode

from ._frames import calling_module, place
from ._functions import Signature, signature
from ._modules import as_number
from ._names import named_modules
from ._ours import draw
from ._unregistered import unregistered_modules


@dataclass(frozen=True, slots=True)
class DropoutCall:
    """A call of a function that drops, or would with other arguments.

    Attributes:
        what: The function, such as "dropout()".
        p: The rate that came in, in `[0, 1]`; `None` for a function without one number.
        active: Whether the call drops: its flag is set and its rate above 0.
        module: The innermost module whose code makes it; `None` outside of any.
        name: That module's qualified name, where the model is known.
        place: The innermost line outside of torch and torchdrop, as "file.py:12".
        changeable: Whether an answer can change it. torchdrop's own functions are only seen, and
            only while they drop.
        rates: By argument, where a function has several.
    """

    what: str
    p: float | None
    active: bool
    module: nn.Module | None
    name: str | None
    place: str | None
    changeable: bool = True
    rates: Mapping[str, float | None] = field(default_factory=dict, compare=False)


Answer = Callable[[DropoutCall], "float | None"]


class DropoutCalls(TorchFunctionMode):
    """Inside the block, in this thread, see the calls of functions that drop.

    `F.dropout` and its kin, `torch.dropout` and `native_dropout`, the rates inside
    `scaled_dot_product_attention`, `multi_head_attention_forward` and torch's `lstm`, `gru` and
    `rnn`, whether a layer calls them or a forward does; and torchdrop's own functions while they
    drop. Not seen: masks made by hand, kernels of other packages, and what a compiled graph or
    TorchScript does.

    Args:
        model: Whose modules are to be named, those in plain lists and dicts included; `None`
            takes the innermost module whatever it belongs to, and names none.
        answer: Given each call before it runs, says with which rate to run it instead: 0 turns it
            off, more turns it on, `None` leaves it alone. `None` leaves all alone.
        keep: Whether to collect the calls in `calls`.

    Attributes:
        calls: What was seen, as it came in, in order.

    Example:
        >>> import torch
        >>> x = torch.ones(3)
        >>> with DropoutCalls(answer=lambda call: 0.0) as seen:
        ...     torch.equal(torch.nn.functional.dropout(x, 0.4), x)
        True
        >>> [(call.what, call.p, call.active) for call in seen.calls]
        [('dropout()', 0.4, True)]
    """

    calls: list[DropoutCall]

    def __init__(
        self, model: nn.Module | None = None, answer: Answer | None = None, *, keep: bool = True
    ) -> None:
        super().__init__()
        self.names: dict[nn.Module, str] | None = None
        if model is not None:
            known = named_modules(model)
            self.names = {**known, **unregistered_modules(known)}
        self.answer = answer
        self.keep = keep
        self.calls = []

    def __torch_function__(
        self,
        func: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Look at the call, ask for an answer, and run it."""
        kwargs = kwargs or {}
        where, call = signature(func, args, kwargs), None
        if where is not None:
            call = self._read(where, args, kwargs, sys._getframe(1))
            args, kwargs = self._answered(call, where, args, kwargs)
        elif getattr(func, "__name__", "") == "random_":
            self._see_draw(sys._getframe(1))
        result = func(*args, **kwargs)
        self.ran(func, args, kwargs, result, call)
        return result

    def ran(
        self, func: Any, args: Any, kwargs: dict[str, Any], result: Any, call: DropoutCall | None
    ) -> None:
        """Do nothing; for subclasses, which see here what every function of torch gave.

        Args:
            func: The function.
            args: With which it ran.
            kwargs: With which it ran.
            result: What it gave.
            call: What was read off it, if it is one that drops.
        """

    def _read(
        self, where: Signature, args: tuple[Any, ...], kwargs: dict[str, Any], frame: FrameType
    ) -> DropoutCall:
        given = where.p.read(args, kwargs)
        p = float(given) if isinstance(given, bool) else as_number(given)
        # A flag of None is a set one: torch reads native_dropout's so.
        flag = where.training is None or where.training.read(args, kwargs) in (True, None)
        inner = where.layers is None or where.layers.read(args, kwargs) > 1
        active = p != 0 and flag and inner
        return self._call(where.what, p, active, frame, changeable=inner)

    def _answered(
        self, call: DropoutCall, where: Signature, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        if self.keep:
            self.calls.append(call)
        p = self.answer(call) if self.answer is not None else None
        if p is None or not call.changeable:
            return args, kwargs
        changed, named = list(args), dict(kwargs)
        where.p.write(p, changed, named)
        if where.training is not None:
            where.training.write(p > 0, changed, named)
        return tuple(changed), named

    def _see_draw(self, frame: FrameType) -> None:
        drawn = draw(frame)
        if drawn is None:
            return
        p = next(iter(drawn.rates.values()), None)
        call = self._call(drawn.what, p, True, frame, changeable=False, rates=drawn.rates)
        if self.keep:
            self.calls.append(call)
        if self.answer is not None:
            self.answer(call)

    def _call(
        self, what: str, p: float | None, active: bool, frame: FrameType, **more: Any
    ) -> DropoutCall:
        module = calling_module(frame, self.names)
        name = self.names[module] if self.names is not None and module is not None else None
        return DropoutCall(what, p, active, module, name, place(frame), **more)
