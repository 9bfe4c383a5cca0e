"""A training step that skips what it drops, against those that compute it all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise, product
from typing import Any

import torch
from torch import Tensor, nn

from ..errors import SettingError
from ..kernels import choose_routes, linear_product
from ..networks import mlp
from ..optim import ThinAdamW, ThinSGD
from ..surgery import thin
from ._compared import Compared
from ._progress import Observer, Progress, watch_nothing
from ._timing import Budget, Contestant, Timing, measure

THIN_CONTESTANTS = (
    *("none", "none, auto", "nn.Dropout", "ours"),
    *("thinned", "thinned, auto", "thinned always", "4 groups"),
    *("thin optimizer", "thin optimizer, auto"),
)
THIN_OPTIMIZERS = ("sgd", "adamw")

_INPUTS, _OUTPUTS = 784, 10
_SEED = 0
_MOMENTUM = 0.95
_BUDGET = Budget(sample_seconds=5e-2, total_seconds=1.0)
_STILL = 0.0  # learning rate: all of the optimizer's work, yet every step does the same


@dataclass(frozen=True, slots=True)
class ThinCase(Compared):
    """One network, batch size and rate.

    Attributes:
        widths: Units of each layer, inputs and outputs too.
        batch: Rows in a step.
        p: Probability of dropping.
        timings: Seconds per step of each of `THIN_CONTESTANTS`.
    """

    widths: tuple[int, ...]
    batch: int
    p: float
    timings: Mapping[str, Timing]

    @property
    def network(self) -> str:
        """Such as `784-1024-1024-10`."""
        return "-".join(map(str, self.widths))

    @property
    def limit(self) -> float:
        """Share of the multiplications that is left: what thinning could come to at best."""
        first, *hidden, last = self.widths
        kept = [max(1, round((1 - self.p) * width)) for width in hidden]
        return _multiplications((first, *kept, last)) / _multiplications(self.widths)

    def to_dict(self) -> dict[str, Any]:
        """Return the case, with what follows from it, as plain JSON types."""
        return {
            "network": self.network,
            "batch": self.batch,
            "p": self.p,
            "limit": self.limit,
            **self.figures(),
        }


@dataclass(frozen=True, slots=True)
class ThinBenchmark:
    """All cases of a run.

    Attributes:
        cases: In the order measured: by network, batch, then rate.
    """

    cases: tuple[ThinCase, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the cases as plain JSON types."""
        return {"cases": [case.to_dict() for case in self.cases]}


def hidden_layers(depth: int, width: int) -> tuple[int, ...]:
    """Name the widths of a classifier of images of 28 x 28 pixels.

    Args:
        depth: Hidden layers, at least 1.
        width: Units of each, at least 1.

    Returns:
        784 inputs, the hidden layers, 10 outputs.

    Raises:
        SettingError: If there is no hidden layer or unit.
    """
    if depth < 1 or width < 1:
        raise SettingError(f"hidden layers and their width are at least 1; got {depth}x{width}.")
    return (_INPUTS, *[width] * depth, _OUTPUTS)


def benchmark_thin(
    networks: Sequence[tuple[int, ...]] = (hidden_layers(3, 1024),),
    batches: Sequence[int] = (128, 512),
    rates: Sequence[float] = (0.5,),
    *,
    optimizer: str = "sgd",
    budget: Budget | None = None,
    on_progress: Observer = watch_nothing,
) -> ThinBenchmark:
    """Time training steps: forward, cross-entropy, backward, optimizer.

    Thinned networks keep an exact number of units, so that shapes stay, and step aside where they
    expect to lose, but for "thinned always"; "auto" has each product done by the library that is
    faster. All have torch's fused optimizer, but for "thin optimizer", which is `ThinSGD` or
    `ThinAdamW`. The input of a network that has as many outputs gets a gradient too, as a block
    inside a larger network. All networks of a case start from the same weights and see the same
    batch; the learning rate is 0, so that every step does the same work.

    Args:
        networks: Widths of their layers, inputs and outputs too: three or more, each at least 1.
        batches: Rows in a step, each at least 1.
        rates: Probabilities of dropping, inside `(0, 1)`.
        optimizer: `sgd`, with momentum, or `adamw`.
        budget: How long to measure one case; `None` takes samples of 50 ms at least, as training
            finds in the caches what the step before has left there.
        on_progress: Called before each case.

    Returns:
        One case per combination.

    Raises:
        SettingError: If a setting is out of range.
    """
    if not networks or any(len(widths) < 3 or min(widths) < 1 for widths in networks):
        raise SettingError(
            f"networks are widths of three layers or more, at least 1; got {list(networks)}."
        )
    if not batches or min(batches) < 1:
        raise SettingError(f"batches are numbers of rows, each at least 1; got {list(batches)}.")
    if not rates or not all(0 < p < 1 for p in rates):
        raise SettingError(f"rates are inside (0, 1); got {list(rates)}.")
    if optimizer not in THIN_OPTIMIZERS:
        raise SettingError(f"optimizer is {' or '.join(THIN_OPTIMIZERS)}; got {optimizer!r}.")
    grid = list(product(networks, batches, rates))
    return ThinBenchmark(tuple(_measure_all(grid, optimizer, budget or _BUDGET, on_progress)))


def _measure_all(
    grid: list[tuple[tuple[int, ...], int, float]],
    optimizer: str,
    budget: Budget,
    on_progress: Observer,
) -> Iterator[ThinCase]:
    for done, (widths, batch, p) in enumerate(grid):
        name = "-".join(map(str, widths))
        on_progress(Progress(done, len(grid), f"{name}, batch {batch}, p = {p:g}"))
        with torch.random.fork_rng(devices=[]):
            steps = {
                name: _make_step(model, batch, _optimizer(model, optimizer, thin="opt" in name))
                for name, model in _build(widths, p).items()
            }
            timings = measure(steps, budget)
        yield ThinCase(widths, batch, p, timings)


def _build(widths: tuple[int, ...], p: float) -> dict[str, nn.Module]:
    def network() -> nn.Sequential:
        torch.manual_seed(_SEED)
        return mlp(*widths, p=p, activation="relu")

    def plain() -> list[nn.Module]:
        return [layer for layer in network() if not isinstance(layer, nn.Dropout)]

    torchs = [nn.Dropout(p) if isinstance(layer, nn.Dropout) else layer for layer in network()]
    faster = [_FasterLinear(x) if isinstance(x, nn.Linear) else x for x in plain()]
    models = (
        nn.Sequential(*plain()),
        nn.Sequential(*faster),
        nn.Sequential(*torchs),
        network(),
        thin(network(), count="exact"),
        thin(network(), count="exact", matmul="auto"),
        thin(network(), count="exact", always=True),
        thin(network(), count="exact", groups=4, write_gradients=True),
        thin(network(), count="exact"),
        thin(network(), count="exact", matmul="auto"),
    )
    return dict(zip(THIN_CONTESTANTS, models, strict=True))


class _FasterLinear(nn.Module):
    """A linear layer whose products are done by the library that is faster."""

    def __init__(self, layer: nn.Linear) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor) -> Tensor:
        outputs, inputs = self.layer.weight.shape
        routes = choose_routes(len(x), inputs, outputs)
        return linear_product(x, self.layer.weight, self.layer.bias, routes)


def _optimizer(model: nn.Module, name: str, *, thin: bool) -> torch.optim.Optimizer:
    if thin and name == "adamw":
        return ThinAdamW(model, _STILL)
    if thin:
        return ThinSGD(model, _STILL, _MOMENTUM)
    if name == "adamw":
        return torch.optim.AdamW(model.parameters(), _STILL, fused=True)
    return torch.optim.SGD(model.parameters(), _STILL, _MOMENTUM, fused=True)


def _make_step(model: nn.Module, batch: int, optimizer: torch.optim.Optimizer) -> Contestant:
    generator = torch.Generator().manual_seed(_SEED)
    first, *_, last = (w for w in model.parameters() if w.ndim == 2)
    inputs, outputs = first.shape[1], last.shape[0]
    x = torch.randn(batch, inputs, generator=generator, requires_grad=inputs == outputs)
    y = torch.randint(outputs, (batch,), generator=generator)

    def step() -> None:
        optimizer.zero_grad()
        x.grad = None
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()

    return step


def _multiplications(widths: Sequence[int]) -> int:
    return sum(a * b for a, b in pairwise(widths))
