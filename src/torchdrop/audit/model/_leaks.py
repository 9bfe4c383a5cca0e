"""Say by which mistake something drops in evaluation mode."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from torch import nn

from ...sites import is_dropout
from ._built_at import built_at, class_line
from ._draft import Draft
from ._evaluation import HandMask, Leak
from ._lines import says_training
from ._subject import Subject


def leaks(subject: Subject, found: Collection[Leak], again: Collection[Leak]) -> Iterator[Draft]:
    """Name the cause of each call that drops in evaluation mode.

    Args:
        subject: What was run.
        found: Calls of one forward.
        again: Those of another one: a layer that both have is kept somewhere, and not built anew.

    Yields:
        What is wrong.
    """
    kept = {id(leak.call.module) for leak in again}
    for leak in found:
        yield _cause(subject, leak, kept)


def masks(subject: Subject, found: Collection[HandMask]) -> Iterator[Draft]:
    """Report masks of random zeros that are put on in evaluation mode.

    Args:
        subject: What was run.
        found: The masks.

    Yields:
        What is wrong.
    """
    for mask in found:
        yield Draft(
            "DRP401",
            "warning",
            _name(subject, mask.owner),
            "A mask made by hand sets numbers to 0 at random, in evaluation mode too.",
            mask.line,
            "Make the mask only `if self.training`.",
        )


def _cause(subject: Subject, leak: Leak, kept: Collection[int]) -> Draft:
    module, names = leak.call.module, subject.names
    if module is not None and module not in names:
        return _unknown(subject, leak, type(module).__name__, id(module) in kept)
    if module is not None and module in subject.hidden:
        message = f"{_said(module)} in a plain list or dict drops in evaluation mode: eval() misses"
        line = built_at(subject.model, names[module])
        return Draft("DRP301", "error", names[module], f"{message} it.", line)
    if module is not None and module.training:
        return _awake(subject, module)
    return _functional(subject, leak)


def _unknown(subject: Subject, leak: Leak, what: str, kept: bool) -> Draft:
    owner = _name(subject, leak.owner)
    if kept:
        message = f"`{what}` is kept where the model does not know of it: eval() misses it, and it "
        return Draft("DRP301", "error", owner, f"{message}drops in evaluation mode.", leak.line)
    message = f"`{what}` is built in a forward, so it is always in training mode, and drops in "
    return Draft("DRP107", "error", owner, f"{message}evaluation too.", leak.line)


def _awake(subject: Subject, module: nn.Module) -> Draft:
    """Report a layer that eval() did not put into evaluation mode."""
    name = subject.names[module]
    guilty = next((m for m in _above(subject, name) if type(m).train is not nn.Module.train), None)
    if guilty is not None and any(
        m.training and not is_dropout(m) and any(True for _ in m.parameters(recurse=False))
        for m in guilty.modules()
    ):
        message = f"`{type(guilty).__name__}.train` does not switch what it holds: after eval(), "
        line = class_line(type(guilty))
        return Draft("DRP205", "error", subject.names[guilty], f"{message}layers drop.", line)
    line = built_at(subject.model, name)
    message = f"{_said(module)} is in training mode after eval() of the model, and drops."
    return Draft("DRP401", "warning", name, message, line)


def _above(subject: Subject, name: str) -> Iterator[nn.Module]:
    by_name = {known: module for module, known in subject.known.items()}
    parts = name.split(".") if name else []
    return (
        by_name[above]
        for above in (".".join(parts[:length]) for length in range(len(parts) + 1))
        if above in by_name
    )


def _functional(subject: Subject, leak: Leak) -> Draft:
    what, p = leak.call.what, leak.call.p
    rate = "" if p is None else f" with p = {p:g}"
    name = _name(subject, leak.owner)
    if "attention" in what:
        message = f"`{what}` drops{rate} in evaluation mode: its rate does not follow the mode."
        return Draft("DRP106", "error", name, message, leak.line)
    if says_training(leak.line):
        message = f"`{what}` drops{rate} in evaluation mode, as `training=True` says."
        return Draft("DRP103", "advice", name, message, leak.line)
    message = f"`{what}` drops{rate} in evaluation mode: its flag does not follow the mode."
    return Draft("DRP101", "error", name, message, leak.line)


def _name(subject: Subject, module: nn.Module | None) -> str:
    return "" if module is None else subject.names.get(module, "")


def _said(module: nn.Module) -> str:
    p = getattr(module, "p", getattr(module, "dropout", None))
    rate = f" with p = {p:g}" if isinstance(p, (int, float)) else ""
    return f"`{type(module).__name__}`{rate}"
