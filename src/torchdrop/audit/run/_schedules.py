"""A rate that is changed during training, and that no layer takes."""

from __future__ import annotations

from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from torch import nn

from ._call import Call
from ._draws import is_geometric
from ._subject import Subject

_NAMES = ("p", "drop_prob", "drop_rate", "drop_p", "p_drop", "dropout", "dropout_p", "dropout_rate")
_ONLY_TOLD = frozenset(("__init__", "__repr__", "extra_repr", "__str__"))


class Schedules:
    """Watches numbers on modules that are called like a rate, and the rates of the layers.

    It speaks only where no method of any module in the model but the constructors reads an
    attribute of that name: otherwise a forward may take it.

    Args:
        subject: The model.
    """

    def __init__(self, subject: Subject) -> None:
        self._subject = subject
        sites = {id(site.module) for site in subject.layers.sites}
        self._numbers = {
            (name, attribute): (module, value)
            for name, module in subject.model.named_modules()
            if id(module) not in sites
            for attribute, value in vars(module).items()
            if attribute in _NAMES and isinstance(value, float)
        }
        self._rates = subject.layers.rates()
        self._forwards = 0

    def before(self, call: Call) -> None:
        """Look, in a few training forwards."""
        if not self._numbers or not call.grad or call.backward:
            return
        self._forwards += 1
        if is_geometric(self._forwards):
            self.look()

    def look(self) -> None:
        """Compare the numbers and the rates with those at first."""
        changed = [
            key
            for key, (module, old) in self._numbers.items()
            if _now(module, key) not in (None, old)
        ]
        if not changed or not self._rates:
            return
        if self._subject.layers.rates() != self._rates:
            self._numbers.clear()
            return
        for key in changed:
            module, old = self._numbers.pop(key)
            name, attribute = key
            if not _is_read(self._subject.model, module, attribute):
                self._subject.report(
                    "DRP409",
                    f"{attribute} of {name or 'the model itself'} was changed from {old:g} to "
                    f"{_now(module, key):g}, but no method reads it and the rate of no layer has "
                    "changed.",
                    modules=(name,),
                )


def _now(module: nn.Module, key: tuple[str, str]) -> Any:
    value = vars(module).get(key[1])
    return value if isinstance(value, (int, float)) else None


def _is_read(model: nn.Module, owner: nn.Module, attribute: str) -> bool:
    """Whether code of the owner's class, or of any class that is not torch's, names it."""
    kinds = {kind for module in model.modules() for kind in type(module).__mro__}
    wanted = {kind for kind in kinds if not kind.__module__.startswith("torch.")}
    wanted |= {kind for kind in type(owner).__mro__ if kind is not nn.Module}
    return any(
        attribute in (*code.co_names, *code.co_consts)
        for kind in wanted
        if issubclass(kind, nn.Module)
        for code in _codes(kind)
    )


def _codes(kind: type) -> Iterator[CodeType]:
    """Give the code of a class's own methods, and of functions inside them."""
    for name, value in vars(kind).items():
        function = getattr(value, "fget", None) or getattr(value, "__func__", value)
        if name not in _ONLY_TOLD and isinstance(function, FunctionType):
            yield from _nested(function.__code__)


def _nested(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _nested(constant)
