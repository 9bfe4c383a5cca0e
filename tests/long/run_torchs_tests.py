"""Run PyTorch's own dropout tests on this package's classes, and say what came of each.

    python tests/long/run_torchs_tests.py pytorch/test/nn/test_dropout.py
    python tests/long/run_torchs_tests.py pytorch/test/nn/test_dropout.py --layers guessing
    python tests/long/run_torchs_tests.py pytorch/test/nn/test_dropout.py --layers torch --seeds 100

The file is not part of this project: it comes from a checkout of PyTorch, best at the tag of the
installed torch. It imports `expecttest`, which is no dependency here: `pip install expecttest`.

A test that meets a deliberate difference ends there, and what comes after it is not run. With
`--layers guessing`, inputs that our layers refuse are treated as torch guesses them, so that each
test runs to its end: an unbatched input by our layer with `batched=False`, any other by torch's
own layer. `--layers torch` substitutes nothing.

Some bounds of the file are narrow for the number of channels they are held to, so that they are
met by chance. `--seeds` runs each test so often, from torch's own seed on: compare the counts.

Ends with 1 if a test that is not known to fail fails with every seed, or if the file holds none.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import re
import sys
import traceback
import unittest
import warnings
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, TracebackType
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from torchdrop import functional
from torchdrop import nn as ours
from torchdrop.errors import SettingError

LAYERS = ("Dropout", "Dropout1d", "Dropout2d", "Dropout3d", "AlphaDropout", "FeatureAlphaDropout")
UNBATCHED = {"Dropout1d": 2, "Dropout3d": 4}

# The tests that fail with ours; docs/torchs_tests.md says at what, and why.
KNOWN = ("test_Dropout1d", "test_Dropout2d", "test_Dropout3d")

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


class Outcome(NamedTuple):
    """What came of one test."""

    name: str
    state: str
    reason: str = ""


class Outcomes(unittest.TestResult):
    """Keeps one line for each test."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.all: list[Outcome] = []

    def addSuccess(self, test: unittest.TestCase) -> None:
        self._add(test, "passed")

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:
        self._add(test, "failed", _reason(err, self.path))

    def addError(self, test: unittest.TestCase, err: Any) -> None:
        self._add(test, "failed", _reason(err, self.path))

    def addSkip(self, test: unittest.TestCase, reason: str) -> None:
        self._add(test, "skipped", reason)

    def _add(self, test: unittest.TestCase, state: str, reason: str = "") -> None:
        self.all.append(Outcome(test.id().rsplit(".", 1)[-1], state, reason))


def substitute(layers: str) -> None:
    """Put our layers, and our `dropout`, where code looks for torch's."""
    if layers == "torch":
        return
    for name in LAYERS:
        layer, torchs = getattr(ours, name), getattr(nn, name)
        setattr(nn, name, _guessing(layer, torchs) if layers == "guessing" else layer)
    setattr(torch.nn.functional, "dropout", _dropout)  # noqa: B010 - for mypy it is a constant


def run(path: Path, seeds: int) -> list[Outcome]:
    """Run every test of a file, with so many seeds."""
    # Here, since only this needs `expecttest`, and pytest imports every file in search of doctests.
    common_utils: Any = importlib.import_module("torch.testing._internal.common_utils")
    module = _imported(path)
    result = Outcomes(path)
    first = common_utils.SEED
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        for seed in range(first, first + seeds):
            common_utils.SEED = seed  # what each test sets before it starts
            unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
    return result.all


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("path", type=Path, help="test/nn/test_dropout.py of a PyTorch checkout")
    parser.add_argument("--layers", choices=["ours", "guessing", "torch"], default="ours")
    parser.add_argument("--seeds", type=int, default=1, help="how often to run each test")
    arguments = parser.parse_args()
    sys.argv[1:] = []  # torch's test code reads the command line, too
    substitute(arguments.layers)
    outcomes = run(arguments.path.resolve(), arguments.seeds)
    sys.stdout.write(_table(outcomes))
    failed = {o.name for o in outcomes if o.state == "failed"}
    failed -= {o.name for o in outcomes if o.state == "passed"}
    unknown = [name for name in failed if not name.startswith(KNOWN)]
    return 1 if unknown or not outcomes else 0


def _dropout(input: Tensor, p: float = 0.5, training: bool = True, inplace: bool = False) -> Tensor:
    """Our function as torch's is called: its `training` has a default."""
    apply = functional.dropout_ if inplace else functional.dropout
    return apply(input, p, training=training)


def _guessing(layer: type[nn.Module], torchs: type[nn.Module]) -> type[nn.Module]:
    """A layer of ours that treats what it refuses as torch does."""

    class Guessing(layer):  # type: ignore[misc, valid-type]
        def forward(self, input: Tensor) -> Tensor:
            try:
                y: Tensor = super().forward(input)
            except SettingError:
                if input.ndim != UNBATCHED.get(layer.__name__):
                    settings = {"p": self.p, "inplace": self.inplace}
                    guessed: Tensor = torchs(**settings).train(self.training)(input)
                    return guessed
                self.batched = False
                y = super().forward(input)
                self.batched = True
            return y

    Guessing.__name__ = layer.__name__
    return Guessing


def _imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is no Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def _reason(err: ExcInfo, path: Path) -> str:
    """The line of the test, and the first line of the message."""
    kind, error, trace = err
    lines = [f.lineno for f in traceback.extract_tb(trace) if Path(f.filename) == path]
    message = (str(error).splitlines() or [""])[0]
    message = re.sub(r"tensor\(.*?\)", "tensor(...)", message)  # one reason for every seed
    return f"line {lines[-1] if lines else '?'}: {kind.__name__}: {message}"


def _table(outcomes: Sequence[Outcome]) -> str:
    """A line for each test and what came of it, most frequent first; and the sums."""
    width = max((len(o.name) for o in outcomes), default=0)
    lines = []
    for name in dict.fromkeys(o.name for o in outcomes):
        mine = Counter(o for o in outcomes if o.name == name)
        for outcome, times in mine.most_common():
            line = f"{name:{width}}  {outcome.state:7}  {times:4}  {outcome.reason}"
            lines.append(line.rstrip())
    states = Counter(o.state for o in outcomes)
    ran = states["passed"] + states["failed"]
    sums = ", ".join(f"{state} {states[state]}" for state in ("passed", "failed", "skipped"))
    return "\n".join([*lines, f"ran {ran}, {sums}", ""])


if __name__ == "__main__":
    raise SystemExit(main())
