"""Which calls take a probability of dropping, where, and whether it follows the mode."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ._arguments import argument
from ._classes import ClassInfo, Held, attribute_of_self, class_of
from ._constants import constant_of
from ._file import Callee, SourceFile
from ._mode import guarded, mentions_mode

RateKind: TypeAlias = Literal["tied", "zero", "fixed", "setting", "unknown"]

_CHANNELS = ("1d", "2d", "3d")
_PLAIN = ("dropout", *(f"dropout{n}" for n in _CHANNELS))
_ALPHA = ("alpha_dropout", "feature_alpha_dropout")
_CLASSES = ("Dropout", *(f"Dropout{n}" for n in _CHANNELS), "AlphaDropout", "FeatureAlphaDropout")
_OURS = ("GaussianDropout", "LockedDropout", "VariationalDropout", "WeightDrop", "Zoneout")

FUNCTIONS = {f"torch.nn.functional.{name}": True for name in _PLAIN} | {
    f"torch.nn.functional.{name}": False for name in _ALPHA
}
"""Torch's functions, and the default of their `training`; it is the third parameter."""

LAYERS = frozenset(
    f"{home}.{name}" for home in ("torch.nn", "torchdrop.nn", "torchdrop") for name in _CLASSES
)
"""Layers whose first two parameters are `p` and `inplace`."""

_FLASH = {
    "flash_attn_func": 3,
    "flash_attn_qkvpacked_func": 1,
    "flash_attn_kvpacked_func": 2,
    "flash_attn_varlen_func": 7,
    "flash_attn_varlen_qkvpacked_func": 3,
    "flash_attn_varlen_kvpacked_func": 6,
    "flash_attn_unpadded_func": 7,
    "flash_attn_unpadded_qkvpacked_func": 3,
    "flash_attn_unpadded_kvpacked_func": 6,
}
ATTENTION = {
    "torch.nn.functional.scaled_dot_product_attention": ("dropout_p", 4),
    "xformers.ops.memory_efficient_attention": ("p", 4),
    **{
        f"flash_attn{home}.{name}": ("dropout_p", position)
        for name, position in _FLASH.items()
        for home in ("", ".flash_attn_interface")
    },
}
"""Attention that knows no mode: the name and the position of its rate, whose default is 0."""

RATES: dict[str, tuple[str, int]] = {
    **{name: ("p", 1) for name in FUNCTIONS},
    **{f"torchdrop.functional.{name}": ("p", 1) for name in (*_PLAIN, *_ALPHA)},
    **{name: ("p", 0) for name in LAYERS},
    **{f"{home}.{name}": ("p", 0) for home in ("torchdrop.nn", "torchdrop") for name in _OURS},
    **ATTENTION,
    **{f"torch.nn.{name}": ("dropout", 5) for name in ("LSTM", "GRU", "Transformer")},
    "torch.nn.RNN": ("dropout", 6),
    **{f"torch.nn.Transformer{x}coderLayer": ("dropout", 3) for x in ("En", "De")},
    "torch.nn.MultiheadAttention": ("dropout", 2),
    "torch.nn.functional.multi_head_attention_forward": ("dropout_p", 10),
}
"""Name and position of the rate, of everything whose rate this is."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A rate that a call gives.

    Attributes:
        call: The call.
        callee: What it calls.
        value: The rate.
    """

    call: ast.Call
    callee: Callee
    value: ast.expr


def rates(file: SourceFile) -> Iterator[Rate]:
    """Find every rate that is given to something that drops."""
    for call, callee in file.calls(*RATES):
        name, position = RATES[callee.name]
        value = argument(call, name, position, callee).value
        if value is not None:
            yield Rate(call, callee, value)


def rate_kind(file: SourceFile, expression: ast.expr) -> RateKind:
    """Say how a rate behaves when the mode changes.

    Args:
        file: Where it is.
        expression: The rate.

    Returns:
        `tied` if something in it reads the mode; `zero` if it is never anything else; `fixed` for
        a positive constant, and for an attribute of the object that nothing ties to the mode;
        `setting` for a field of such an attribute; `unknown` for a parameter, or anything else.
    """
    value = file.value_of(expression)
    if mentions_mode(file, expression) or mentions_mode(file, value):
        return "tied"
    constant = constant_of(file, value)
    if constant is not None:
        return "fixed" if constant else "zero"
    owner = class_of(file, value)
    if owner is None or not isinstance(value, ast.Attribute):
        return "unknown"
    if (name := attribute_of_self(file, value)) is not None:
        return _attribute_kind(owner, name)
    if (name := attribute_of_self(file, value.value)) is not None:
        return _field_kind(file, owner, name, value.attr)
    return "unknown"


def _attribute_kind(owner: ClassInfo, name: str) -> RateKind:
    found = owner.method(name)
    if found is not None:
        return "tied" if mentions_mode(*found) else "unknown"
    held = list(owner.holds(name))
    if any(_follows_mode(one) for one in held):
        return "tied"
    if not held:
        return "unknown"
    return "zero" if all(constant_of(x.file, x.value) == 0 for x in held) else "fixed"


def _follows_mode(held: Held) -> bool:
    if held.method.name in ("train", "eval"):
        return True
    return mentions_mode(held.file, held.value) or guarded(held.file, held.statement)


def _field_kind(file: SourceFile, owner: ClassInfo, name: str, field: str) -> RateKind:
    """Of `self.<name>.<field>`."""
    held = [x.file.qualified(x.value.func) for x in owner.holds(name) if _is_call(x.value)]  # type: ignore[attr-defined]
    if any(built in LAYERS for built in held):
        return "fixed" if field == "p" else "unknown"
    return "setting" if "drop" in field.lower() and owner.is_module() else "unknown"


def _is_call(value: ast.expr) -> bool:
    return isinstance(value, ast.Call)
