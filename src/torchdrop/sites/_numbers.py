"""Rates that modules of other kinds keep as a number and apply themselves."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import CodeType, FunctionType

from torch import nn

from ._modules import is_dropout
from ._site import Site

_SETUP = ("__init__", "extra_repr", "__repr__", "reset_parameters", "__setstate__")


def number_sites(module: nn.Module, name: str) -> list[Site]:
    """Describe the rates that a module keeps as numbers and reads when it runs.

    torch's `MultiheadAttention.dropout` and `LSTM`, `GRU` and `RNN.dropout` with more than one
    layer; in other modules, attributes with "drop" in their name, of the module or of its
    `config`, if a method other than `__init__` reads them. A number that a module only hands on
    to the layers it builds is none.

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
    read = _names_read(type(module))
    holders = {"": vars(module)}
    if "config" in read and hasattr(vars(module).get("config"), "__dict__"):
        holders["config."] = vars(module.config)
    for prefix, values in holders.items():
        for attribute, value in values.items():
            if "drop" in attribute.lower() and attribute in read and _is_rate(value):
                yield f"{prefix}{attribute}", float(value)


def _is_rate(value: object) -> bool:
    """Whole numbers count things, but for 0."""
    return (isinstance(value, float) and 0 <= value <= 1) or (type(value) is int and value == 0)


def _names_read(kind: type[nn.Module]) -> frozenset[str]:
    """Names that the code of a class mentions, setting up aside."""
    names: set[str] = set()
    for base in kind.__mro__:
        if base is nn.Module or base is object:
            continue
        for key, value in vars(base).items():
            function = inspect.unwrap(value) if isinstance(value, FunctionType) else None
            if function is not None and key not in _SETUP:
                names.update(_names_in(function.__code__))
    return frozenset(names)


def _names_in(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names_in(constant)
