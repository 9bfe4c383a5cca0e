"""Monte Carlo prediction: ours against what people write, and other packages; time and memory."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import SettingError
from ..montecarlo import predict
from ._memory import peak_bytes
from ._progress import Observer, Progress, watch_nothing
from ._timing import Budget, Contestant, Timing, measure

PREDICT_NETWORKS = ("mlp", "cnn")
PLACES = ("late", "middle", "first")
OTHERS = ("baal", "torch-uncertainty")
LOOP = "loop"

_P = 0.5
_CLASSES = 10
_CHUNK = 10  # samples of the repeated input that go through together
_SEED = 0


@dataclass(frozen=True, slots=True)
class PredictCase:
    """One network, and where it drops.

    Attributes:
        network: `mlp` (784-1024-1024-512-10) or `cnn` (two convolutions on 28 x 28 pixels).
        place: Of the first dropout layer: `late`, `middle` or `first`; all later ones drop too.
        rows: Rows to predict.
        samples: Of each row.
        timings: Seconds for all of it, by contestant.
        peaks: Bytes that tensors took at once, beside the network and the input, by contestant.
    """

    network: str
    place: str
    rows: int
    samples: int
    timings: Mapping[str, Timing]
    peaks: Mapping[str, int]

    def ratio(self, contestant: str) -> float:
        """Time of the plain loop over the contestant's: how many times faster it is."""
        return self.timings[LOOP].median / self.timings[contestant].median

    def to_dict(self) -> dict[str, Any]:
        """Return the case, with what follows from it, as plain JSON types."""
        return {
            "network": self.network,
            "place": self.place,
            "rows": self.rows,
            "samples": self.samples,
            "timings": {name: timing.to_dict() for name, timing in self.timings.items()},
            "times_faster": {name: self.ratio(name) for name in self.timings},
            "peak_bytes": dict(self.peaks),
        }


@dataclass(frozen=True, slots=True)
class PredictBenchmark:
    """All cases of a run.

    Attributes:
        cases: In the order measured.
        missing: Other packages that are not installed, and were left out.
    """

    cases: tuple[PredictCase, ...]
    missing: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the cases as plain JSON types."""
        return {"cases": [case.to_dict() for case in self.cases], "missing": list(self.missing)}


def benchmark_predict(
    networks: Sequence[str] = PREDICT_NETWORKS,
    places: Sequence[str] = PLACES,
    *,
    rows: int = 256,
    samples: int = 50,
    budget: Budget | None = None,
    on_progress: Observer = watch_nothing,
) -> PredictBenchmark:
    """Measure what the mean and variance of many samples of each row take: time and memory.

    Contestants: a loop of whole passes with `torch.nn.Dropout` on; the input repeated, some samples
    at once; `torch.vmap` over samples; `baal` and `torch-uncertainty` where they are installed;
    `torchdrop.montecarlo.predict` with rows' own masks, and its own plain loop. Ours also returns
    weight scaling, entropies and votes.

    Args:
        networks: Of `PREDICT_NETWORKS`.
        places: Of `PLACES`.
        rows: To predict, at least 1.
        samples: Of each row, at least 2.
        budget: How long to measure one case.
        on_progress: Called before each case.

    Returns:
        One case per network and place.

    Raises:
        SettingError: If a setting is out of range.
    """
    for name, given, known in (
        ("networks", networks, PREDICT_NETWORKS),
        ("places", places, PLACES),
    ):
        if not given or not set(given) <= set(known):
            raise SettingError(f"{name} are of {', '.join(known)}; got {', '.join(given)}.")
    if rows < 1 or samples < 2:
        raise SettingError(f"rows is at least 1, samples at least 2; got {rows} and {samples}.")
    grid = list(product(networks, places))
    cases = tuple(_measure_all(grid, rows, samples, budget, on_progress))
    return PredictBenchmark(cases, tuple(x for x in OTHERS if not _is_installed(x)))


def _measure_all(
    grid: list[tuple[str, str]],
    rows: int,
    samples: int,
    budget: Budget | None,
    on_progress: Observer,
) -> Iterator[PredictCase]:
    for done, (network, place) in enumerate(grid):
        on_progress(Progress(done, len(grid), f"{network}, dropout {place}"))
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(_SEED)
            model = build_network(network, place).eval()
            x = torch.randn(rows, 784) if network == "mlp" else torch.randn(rows, 1, 28, 28)
            contestants = _contestants(model, x, samples)
            peaks = {name: peak_bytes(call) for name, call in contestants.items()}
            timings = measure(contestants, budget)
        yield PredictCase(network, place, rows, samples, timings, peaks)


def build_network(network: str, place: str) -> nn.Sequential:
    """Build a network that drops from a place on.

    Args:
        network: Of `PREDICT_NETWORKS`.
        place: Of `PLACES`: before the last layer only, from the middle on, or everywhere.

    Returns:
        A chain for rows of 784 numbers, or images of 28 x 28 pixels.
    """
    late, middle, first = (
        nn.Dropout(_P) if x else nn.Identity() for x in (True, place != "late", place == "first")
    )
    if network == "mlp":
        return nn.Sequential(
            *(first, nn.Linear(784, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU()),
            *(middle, nn.Linear(1024, 512), nn.ReLU(), late, nn.Linear(512, _CLASSES)),
        )
    return nn.Sequential(
        *(first, nn.Conv2d(1, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(2)),
        *(middle, nn.Conv2d(16, 32, 3), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(800, 128), nn.ReLU(), late, nn.Linear(128, _CLASSES)),
    )


def _contestants(model: nn.Module, x: Tensor, samples: int) -> dict[str, Contestant]:
    ways: dict[str, Callable[[], Tensor]] = {
        LOOP: lambda: torch.stack([model(x).softmax(-1) for _ in range(samples)]),
        "repeated": lambda: _repeated(model, x, samples),
        "vmap": lambda: torch.vmap(
            lambda _: model(x).softmax(-1), randomness="different", in_dims=0
        )(torch.empty(samples)),
    }
    found: dict[str, Contestant] = {
        name: _in_sampling_mode(model, way) for name, way in ways.items()
    }
    for name in filter(_is_installed, OTHERS):
        found[name] = _other(name, model, x, samples)
    found["ours, loop"] = lambda: predict(model, x, samples, task="classification", strategy="loop")
    found["ours"] = lambda: predict(model, x, samples, task="classification")
    return found


def _in_sampling_mode(model: nn.Module, way: Callable[[], Tensor]) -> Contestant:
    def run() -> tuple[Tensor, Tensor]:
        with _dropout_on(model):
            values = way()
        return values.mean(0), values.var(0)

    return run


@contextmanager
def _dropout_on(model: nn.Module) -> Iterator[None]:
    """As users do it: of a model in evaluation mode, the dropout layers alone are switched on."""
    layers = [module for module in model.modules() if isinstance(module, nn.Dropout)]
    for layer in layers:
        layer.train()
    try:
        yield
    finally:
        for layer in layers:
            layer.eval()


def _repeated(model: nn.Module, x: Tensor, samples: int) -> Tensor:
    parts = []
    for done in range(0, samples, _CHUNK):
        count = min(_CHUNK, samples - done)
        many = x.repeat(count, *[1] * (x.ndim - 1))
        parts.append(model(many).softmax(-1).view(count, len(x), -1))
    return torch.cat(parts)


def _is_installed(name: str) -> bool:
    return find_spec(name.replace("-", "_")) is not None


def _other(name: str, model: nn.Module, x: Tensor, samples: int) -> Contestant:
    """Another package's way, with its defaults."""
    own = copy.deepcopy(model)
    if name == "baal":
        from baal.bayesian.dropout import patch_module  # noqa: PLC0415
        from baal.modelwrapper import ModelWrapper, TrainingArgs  # noqa: PLC0415

        wrapper = ModelWrapper(patch_module(own), TrainingArgs(use_cuda=False))
        return lambda: wrapper.predict_on_batch(x, iterations=samples).softmax(1).var(-1)
    from torch_uncertainty.methods import mc_dropout  # noqa: PLC0415

    many = mc_dropout(own, num_estimators=samples).eval()
    return lambda: many(x).softmax(-1).view(samples, len(x), -1).var(0)
