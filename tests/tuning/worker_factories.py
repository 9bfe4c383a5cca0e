"""Networks for workers to build; workers import this file by its name, so it is no test module."""

import os
import signal
from dataclasses import dataclass
from multiprocessing import parent_process
from pathlib import Path

from torch import nn

from torchdrop import networks


@dataclass(frozen=True)
class Deadly:
    """Kills its worker, not the process that has started it, when a network at `p` is built.

    Every death leaves a line in `log`; after `times` of them it only builds.
    """

    log: Path
    p: float
    times: int

    def __call__(self, p: float) -> nn.Module:
        deaths = len(self.log.read_text()) if self.log.exists() else 0
        if parent_process() and p == self.p and deaths < self.times:
            with self.log.open("a") as file:
                file.write("x")
            os.kill(os.getpid(), signal.SIGKILL)
        return networks.mlp(2, 16, 3, p=p)


@dataclass(frozen=True)
class Failing:
    """Raises in a worker, and leaves a line in `log` each time."""

    log: Path

    def __call__(self, p: float) -> nn.Module:
        if parent_process():
            with self.log.open("a") as file:
                file.write("x")
            raise ZeroDivisionError("a mistake in the network")
        return networks.mlp(2, 16, 3, p=p)
