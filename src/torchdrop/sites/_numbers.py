"""Rates that modules of other kinds keep as a number and apply themselves."""

from __future__ import annotations

import dis
import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType

from torch import nn

from ._modules import is_dropout
from ._site import Site

_READING = ("LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR")


def number_sites(module: nn.Module, name: str) -> list[Site]:
    """Describe the rates that a module keeps as numbers and reads when it runs.

    torch's `MultiheadAttention.dropout` and `LSTM`, `GRU` and `RNN.dropout` with more than one
    layer; in other modules, attributes with "drop" in their name, of the module or of its
    `config`, if its forward reads them, or a method that the forward calls. A number that a module
    only hands on to the layers it builds is none.

    Args:
        module: Any module.
        name: Its qualified name.

    Returns:
        A site for each number; its kind is `number`.
    """
    if isinstance(module, nn.MultiheadAttention):
        return [_site(module, name, "dropout", module.dropout, follows=True)]
    if isinstance(module, nn.RNNBase):
        # Between layers: one layer alone has no such place.
        between = module.num_layers > 1
        return [_site(module, name, "dropout", module.dropout, follows=True)] if between else []
    if is_dropout(module) or type(module).__module__.startswith("torch.nn."):
        return []
    return [
        _site(module, name, attribute, p, follows=None) for attribute, p in _kept_numbers(module)
    ]


def _site(module: nn.Module, name: str, attribute: str, p: float, *, follows: bool | None) -> Site:
    return Site(
        name=name,
        kind="number",
        what=f"{type(module).__name__}.{attribute}",
        p=float(p),
        follows_training=follows,
        module=module,
        attribute=attribute,
    )


def _kept_numbers(module: nn.Module) -> Iterator[tuple[str, float]]:
    read = _read(type(module))
    holders = {"": vars(module)}
    config = vars(module).get("config")
    if hasattr(config, "__dict__"):
        holders["config."] = vars(config)
    for prefix, values in holders.items():
        for attribute, value in values.items():
            name = f"{prefix}{attribute}"
            if "drop" in attribute.lower() and name in read and _is_rate(value):
                yield name, float(value)


def _is_rate(value: object) -> bool:
    """Whole numbers count things, but for 0."""
    return (isinstance(value, float) and 0 <= value <= 1) or (type(value) is int and value == 0)


def _read(kind: type[nn.Module]) -> frozenset[str]:
    """Attributes that the forward of a class and what it calls read; of `config` by path."""
    names: set[str] = set()
    methods, seen = ["forward"], {"forward"}
    while methods:
        found = set(_read_by(kind, methods.pop()))
        names |= found
        # A class of transformers reads more elsewhere, to check its settings.
        called = {name for name in found - seen if not hasattr(nn.Module, name)}
        methods += called
        seen |= called
    return frozenset(names)


def _read_by(kind: type[nn.Module], method: str) -> Iterator[str]:
    """Give what a method or property reads, those that it overrides included."""
    for base in kind.__mro__:
        value = vars(base).get(method) if base is not nn.Module else None
        value = value.fget if isinstance(value, property) else value
        if isinstance(value, FunctionType):
            function = inspect.unwrap(value)
            yield from _read_in(function.__code__) if isinstance(function, FunctionType) else ()


def _read_in(code: CodeType) -> Iterator[str]:
    before: object = None
    for instruction in dis.get_instructions(code):
        if instruction.opname in _READING:
            # `self.config.dropout`, or `config.dropout` of a local variable
            prefix = "config." if _names_config(before) else ""
            yield f"{prefix}{instruction.argval}"
        before = instruction.argval
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _read_in(constant)


def _names_config(argument: object) -> bool:
    """From 3.13 on, one instruction may load two variables."""
    return argument == "config" or (isinstance(argument, tuple) and argument[-1:] == ("config",))
