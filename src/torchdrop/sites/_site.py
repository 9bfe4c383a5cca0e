"""The record of one place where a model drops something."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from torch import nn

Kind = Literal["module", "number", "call", "unregistered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One place where a model drops something.

    Attributes:
        name: Qualified name of the module that holds it, such as `encoder.0.attn`; for a call, of
            the module whose forward makes it. The model itself is "".
        kind: `module`, a dropout layer; `number`, a rate that another module keeps and applies,
            such as `MultiheadAttention.dropout`; `call`, a function called in a forward;
            `unregistered`, a layer in a plain list, tuple or dict, which `model.eval()` misses.
        what: The layer's class, the class and attribute of the number, or the function.
        p: The configured probability of dropping, in `[0, 1]`; for a rate learned per feature,
            their mean. `None` if it is unknown or no single number.
        follows_training: Whether it stops when the model is put into evaluation mode. `None` where
            only a run can tell, and none was made.
        before: What feeds it, as "name (Type)", or a function as "relu()". `None` if unknown.
        after: What it feeds, likewise.
        place: Where a function is called, as "file.py:12".
        rate: Share really dropped in training mode, in `[0, 1]`, measured when an example was
            given: zeros that were none before, or the rate that reached the call. `None` without
            an example, where the site was not reached, where nothing is set to zero, and where
            the example has too few masks to tell, such as one image for `DropPath`.
        reached: Whether the example came by. `None` without one.
        module: The module that `name` names.
        attribute: Where the module keeps p: `p`, `dropout`, `config.attention_dropout`. `None` if
            it is computed, learned, or known to the call alone.
    """

    name: str
    kind: Kind
    what: str
    p: float | None
    follows_training: bool | None
    before: str | None = None
    after: str | None = None
    place: str | None = None
    rate: float | None = None
    reached: bool | None = None
    module: nn.Module = field(repr=False, compare=False)
    attribute: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Give the record as plain data, without the module."""
        names = (name for name in self.__slots__ if name != "module")
        return {name: getattr(self, name) for name in names}
