"""Where the user's code is at the moment: looked at only when there is something to report."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from types import FrameType

from ._guard_finding import Owner

_OWNERS: tuple[tuple[str, Owner], ...] = (
    ("lightning.pytorch", "Lightning"),
    ("pytorch_lightning", "Lightning"),
    ("transformers.trainer", "Hugging Face Trainer"),
)
_OURS_IN_A_RUN = (
    "torchdrop.modes._guard",
    "torchdrop.audit.run.",
    "torchdrop.nn.",
    "torchdrop.functional.",
)
_LIBRARIES = frozenset(
    (
        "torch",
        "torchdrop",
        "lightning",
        "lightning_fabric",
        "pytorch_lightning",
        "transformers",
        "accelerate",
    )
)


@dataclass(frozen=True, slots=True)
class Scene:
    """The stack at one moment, as far as a guard is concerned.

    Attributes:
        file: File of the innermost frame that belongs to no library.
        line: Its line.
        owner: The framework whose loop is running, which owns the mode.
        intended: Whether a forward without gradients in training mode is right here: the first
            pass of a reentrant checkpoint, `update_bn` of torch's weight averaging, or torchdrop
            at work.
    """

    file: str
    line: int
    owner: Owner | None
    intended: bool

    @property
    def place(self) -> str:
        """File and line in one."""
        return f"{self.file}:{self.line}"


def look() -> Scene:
    """Walk the stack of the caller once.

    Returns:
        What there is to see.
    """
    frame: FrameType | None = sys._getframe(1)
    file, line = "<unknown>", 0
    owner: Owner | None = None
    intended = False
    while frame is not None:
        name = str(frame.f_globals.get("__name__", ""))
        if file == "<unknown>" and name.partition(".")[0] not in _LIBRARIES:
            file, line = frame.f_code.co_filename, frame.f_lineno
        owner = owner or _owner(name)
        intended = intended or _intends_training_mode(name, frame.f_code.co_name)
        frame = frame.f_back
    return Scene(file, line, owner, intended)


def _owner(name: str) -> Owner | None:
    for prefix, owner in _OWNERS:
        if name.startswith(prefix):
            return owner
    return None


def _intends_training_mode(module: str, function: str) -> bool:
    if module.startswith("torchdrop."):
        return not module.startswith(_OURS_IN_A_RUN)
    return module == "torch.utils.checkpoint" or (
        module == "torch.optim.swa_utils" and function == "update_bn"
    )
