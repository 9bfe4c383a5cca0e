"""Run sweeps in child processes, and kill them with SIGKILL; a program of its own.

Everything is imported once, then each child is forked from here. `python killing.py OUT SEED MOST
KIND...` runs a sweep to its end for each KIND and engine, through up to MOST deaths, and prints a
line of JSON for each: how many processes were killed, how many of them left checkpoints and
finished members, and hashes of what came out. KIND is when they are killed: `writing` means in the
middle of a write or a rename, `whenever` after a random time, `never` not at all.
"""

import hashlib
import json
import os
import random
import signal
import stat
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch._dynamo  # which the first optimizer would import, for a second, in each child

from torchdrop import networks
from torchdrop.data import Dataset, from_arrays
from torchdrop.tuning import _checkpoint, _run_directory, tune
from torchdrop.tuning import _writing as writing

SETTINGS: dict[str, Any] = {"p": [0.3], "seeds": 2, "epochs": 6, "batch_size": 32, "patience": 3}
LEARNING: dict[str, Any] = {"lr": 0.05}  # so fast that members lose patience at different times


def data() -> Dataset:
    generator = torch.Generator().manual_seed(0)
    y = torch.arange(150) % 3
    x = torch.randn(150, 2, generator=generator) + 1.5 * torch.stack((y, -y), dim=1)
    return from_arrays(x, y, name="clouds")


def sweep(out: Path, engine: Any, on_start: Callable[..., Any], interval: float = 0.0) -> None:
    _checkpoint.INTERVAL = interval
    recipe = networks.MLP((2, 16, 3))
    more: dict[str, Any] = {"engine": engine, "out": out, "existing": "resume"}
    tune(recipe, data(), **SETTINGS, **LEARNING, **more, on_start=on_start)


class Death:
    """Death at one of the next steps of writing: a draft, its new name, or a line.

    Args:
        step: Which one, counted from 1.
        chance: Says how much is written.
    """

    def __init__(self, step: int, chance: random.Random) -> None:
        self.left, self.chance = step, chance
        self.originals = os.fsync, os.replace, writing.append_line
        for module, own in (
            *((os, self.fsync), (os, self.replace)),
            (_run_directory, self.append_line),
        ):
            setattr(module, own.__name__, own)

    def comes(self) -> bool:
        self.left -= 1
        return self.left == 0

    def die(self) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    def fsync(self, descriptor: int) -> None:
        if self.comes():
            status = os.fstat(descriptor)
            if stat.S_ISREG(status.st_mode):  # a draft, not a folder
                os.ftruncate(descriptor, self.chance.randint(0, status.st_size))
            self.die()
        self.originals[0](descriptor)

    def replace(self, source: Any, target: Any) -> None:
        comes = self.comes()
        if not comes or self.chance.random() < 0.5:
            self.originals[1](source, target)
        if comes:
            self.die()

    def append_line(self, path: Path, line: str) -> None:
        if self.comes():
            with path.open("a") as file:
                file.write(line[: self.chance.randint(0, len(line))])
            self.die()
        self.originals[2](path, line)


def run_child(work: Callable[[Callable[..., object]], None], kill_after: float | None) -> bool:
    """Fork, work, and say whether it came to its end.

    Args:
        work: Called in the child with a function that it calls when training begins.
        kill_after: Seconds from then until it is killed; `None` to let it be.
    """
    begun, begin = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            work(lambda *_: os.write(begin, b"."))
            os._exit(0)
        finally:  # a child that failed must not go on with what its parent does
            sys.excepthook(*sys.exc_info())
            sys.stderr.flush()
            os._exit(1)
    os.close(begin)
    os.read(begun, 1)  # returns too if the child is dead
    os.close(begun)
    if kill_after is not None:
        time.sleep(kill_after)
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
        return False
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit("A sweep failed that nobody killed.")
    return True


def trial(kind: str, engine: str, out: Path, seed: int, most: int) -> dict[str, Any]:
    """Run a sweep to its end, through up to `most` deaths."""
    chance = random.Random(seed)
    killed = checkpoints = members = 0
    finished = False
    while not finished and not (out / "result.json").exists():
        kind = kind if killed < most else "never"
        step, patience = chance.randint(1, 60), chance.uniform(0.0, 0.03 * 1.08**killed)

        def work(on_start: Callable[..., Any], kind: str = kind, step: int = step) -> None:
            if kind == "writing":
                Death(step, chance)
            sweep(out, engine, on_start)

        finished = run_child(work, patience if kind == "whenever" else None)
        if not finished:
            killed += 1
            checkpoints += any((out / "checkpoints").glob("*.safetensors"))
            members += any((out / "members").glob("*.json"))
    hashes = {
        name: hashlib.sha256((out / name).read_bytes()).hexdigest()
        for name in ("result.json", "model.safetensors")
    }
    return {"killed": killed, "checkpoints": checkpoints, "members": members, **hashes}


def main(out: Path, seed: int, most: int, kinds: list[str]) -> None:
    for kind in kinds:
        for engine in ("loop", "stacked"):
            result = trial(kind, engine, out / f"{engine}-{kind}-{seed}", seed, most)
            sys.stdout.write(json.dumps({"kind": kind, "engine": engine, **result}) + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:])
