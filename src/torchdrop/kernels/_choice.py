"""Which kernel runs, and why."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ..errors import SettingError
from . import _native

VARIABLE = "TORCHDROP_KERNEL"


@dataclass(frozen=True, slots=True)
class Kernel:
    """A kernel that can run on this machine.

    Attributes:
        name: `native` (the C library) or `torch` (the specification, in plain torch operations).
        instruction_set: `avx512`, `avx2` or `baseline`; empty for `torch`.
        reason: Why this one, in words.
    """

    name: str
    instruction_set: str
    reason: str

    @property
    def build(self) -> int | None:
        """The library's number for the instruction set; `None` for `torch`."""
        return _native.BUILDS.get(self.instruction_set)


def kernel() -> Kernel:
    """Say which kernel runs."""
    return _state.kernel


@contextmanager
def using(name: str) -> Iterator[Kernel]:
    """Run a certain kernel inside the block, in all threads: for tests and benchmarks.

    Args:
        name: `torch`, `native`, or `native-` and an instruction set, such as `native-avx2`.

    Yields:
        The kernel.

    Raises:
        SettingError: If it does not exist or cannot run here.
    """
    before = _state.kernel
    _state.kernel = _choose(name, f"asked for by using({name!r})")
    try:
        yield _state.kernel
    finally:
        _state.kernel = before


def _choose(name: str, why: str) -> Kernel:
    if name == "torch":
        return Kernel("torch", "", why)
    family, _, wanted = name.partition("-")
    if family != "native":
        raise SettingError(
            f"a kernel is torch, native, or native- and an instruction set; got {name!r}."
        )
    try:
        available = _native.instruction_sets()
    except OSError as error:
        raise SettingError(f"The native kernel cannot run: {error}.") from error
    if wanted and wanted not in available:
        raise SettingError(
            f"The native kernel runs with {', '.join(available)} here; got {wanted!r}."
        )
    return Kernel("native", wanted or available[0], why)


def _best() -> Kernel:
    wanted = os.environ.get(VARIABLE)
    if wanted:
        return _choose(wanted, f"asked for by {VARIABLE}={wanted}")
    try:
        best = _native.instruction_sets()[0]
    except OSError as error:
        return Kernel("torch", "", f"the native kernel cannot run: {error}")
    return Kernel("native", best, "the fastest that this processor can run")


class _State:
    """The kernel in use; found out when first asked for, so that importing costs nothing."""

    _kernel: Kernel | None = None

    @property
    def kernel(self) -> Kernel:
        if self._kernel is None:
            self._kernel = _best()
        return self._kernel

    @kernel.setter
    def kernel(self, kernel: Kernel) -> None:
        self._kernel = kernel


_state = _State()
