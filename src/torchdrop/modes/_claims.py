"""Who asked for which mode: what lets blocks overlap and still leave a model as it was."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import nn

from ..errors import ModeError
from ._frozen import mode_of, set_mode


@dataclass(eq=False, slots=True)
class _Hold:
    """One block's hold on one module."""

    owner: Claim
    thread: int
    wanted: bool
    before: bool
    alone: bool


class Claim:
    """The modes that one block asked for, from its begin until `give_back`.

    Blocks of one thread nest, and each gives back what it found. Blocks of several threads on the
    same module may overlap, in any order, as long as they ask for the same mode: the module gets
    back the mode from before the first of them when the last ends. A block that asks for another
    mode than one of another thread is refused, before anything is changed; to wait for the other
    could last for ever.

    Args:
        wanted: The mode asked for, for each module.
        switch: Brings the modules there.
        alone: Whether other threads may not hold the modules at all.

    Raises:
        ModeError: If another thread holds one of the modules in another mode, or alone.
    """

    def __init__(
        self,
        wanted: Mapping[nn.Module, bool],
        switch: Callable[[], object],
        *,
        alone: bool = False,
    ) -> None:
        with _lock:
            here = threading.get_ident()
            _refuse_conflicts(wanted, here, alone)
            self._holds = [
                (module, _Hold(self, here, mode, mode_of(module), alone))
                for module, mode in wanted.items()
            ]
            for module, hold in self._holds:
                _held.setdefault(id(module), []).append(hold)
            try:
                switch()
            except BaseException:
                self.give_back()
                raise

    def decides(self, module: nn.Module) -> bool:
        """Whether no later block of this thread has asked for a mode of this module.

        Args:
            module: Any module.

        Returns:
            True if nobody has.
        """
        here = threading.get_ident()
        with _lock:
            owners = [hold.owner for hold in _held.get(id(module), ()) if hold.thread == here]
        return not owners or owners[-1] is self

    def give_back(self) -> None:
        """End the claim: modules that nobody else holds get the mode from before."""
        with _lock:
            for module, hold in self._holds:
                holds = _held[id(module)]
                at = holds.index(hold)
                if at + 1 == len(holds):
                    set_mode(module, hold.before)
                else:
                    holds[at + 1].before = hold.before
                del holds[at]
                if not holds:
                    del _held[id(module)]


_lock = threading.RLock()
# By id: a claim keeps its modules alive, and a module need not be hashable by identity.
_held: dict[int, list[_Hold]] = {}


def _refuse_conflicts(wanted: Mapping[nn.Module, bool], here: int, alone: bool) -> None:
    for module, mode in wanted.items():
        for hold in _held.get(id(module), ()):
            if hold.thread != here and (alone or hold.alone or hold.wanted != mode):
                names = ("evaluation", "training")
                raise ModeError(
                    f"A block in another thread holds {type(module).__name__} in "
                    f"{names[hold.wanted]} mode; got a block that needs it in {names[mode]} mode"
                    f"{' alone' if alone else ''}. Give each thread a copy of the model, or use "
                    "a lock of your own."
                )
