import math
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor

from torchdrop.errors import ModelError
from torchdrop.functional import layer_drop

Z = 5.0

pytestmark = pytest.mark.usefixtures("each_kernel")

_STACK = 6


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _bits() -> list[Callable[[Tensor], Tensor]]:
    """Layers that leave their mark: the one at place i adds 2**i."""
    return [partial(torch.add, 2**place) for place in range(_STACK)]


def _skipped(calls: int, p: float) -> Tensor:
    """Of each call and layer, whether it was skipped."""
    generator, x = _generator(), torch.zeros(1)
    marks = [
        int(layer_drop(x, _bits(), p, training=True, generator=generator)) for _ in range(calls)
    ]
    return ((torch.tensor(marks).unsqueeze(1) >> torch.arange(_STACK)) & 1) == 0


@pytest.mark.parametrize("p", [0.1, 0.5])
def test_the_number_of_skipped_layers_is_binomial(p: float) -> None:
    calls = 1500
    counts = torch.bincount(_skipped(calls, p).sum(1), minlength=_STACK + 1).tolist()

    for skipped, count in enumerate(counts):
        chance = math.comb(_STACK, skipped) * p**skipped * (1 - p) ** (_STACK - skipped)
        assert abs(count - calls * chance) < Z * math.sqrt(calls * chance) + 2


def test_layers_are_skipped_independently_of_each_other() -> None:
    p, calls = 0.3, 4000
    k = _skipped(calls, p).double() - p
    covariance = k.T @ k / calls

    assert (covariance.diagonal().mean() - p * (1 - p)).abs() < Z * 0.5 / math.sqrt(calls * _STACK)
    off = covariance - covariance.diagonal().diag()
    assert off.abs().max() < Z * p * (1 - p) / math.sqrt(calls)


def test_a_skipped_layer_is_not_run() -> None:
    ran: list[int] = []

    def run(place: int, x: Tensor) -> Tensor:
        ran.append(place)
        return x

    layers = [partial(run, place) for place in range(_STACK)]
    marks = int(layer_drop(torch.zeros(1), _bits(), 0.5, training=True, generator=_generator()))
    layer_drop(torch.zeros(1), layers, 0.5, training=True, generator=_generator())

    assert ran == [place for place in range(_STACK) if marks >> place & 1]
    assert 0 < len(ran) < _STACK


def test_all_layers_run_in_evaluation_and_nothing_is_drawn() -> None:
    generator = _generator()
    before = generator.get_state()
    y = layer_drop(torch.zeros(1), _bits(), 0.9, training=False, generator=generator)

    assert y == 2**_STACK - 1
    assert torch.equal(generator.get_state(), before)


def test_arguments_are_passed_to_every_layer() -> None:
    layers = [lambda x, y, *, z: x + y * z] * 3
    y = layer_drop(torch.zeros(1), layers, 0.0, torch.tensor(2.0), training=True, z=5)

    assert y == 30


@pytest.mark.parametrize("training", [True, False])
def test_an_empty_stack_returns_the_input(training: bool) -> None:
    x = torch.zeros(2)

    assert layer_drop(x, [], 0.5, training=training) is x


@pytest.mark.filterwarnings("ignore:.*Function.* should not be instantiated:DeprecationWarning")
def test_selection_gives_what_skipping_gives() -> None:
    torch._dynamo.reset()

    @torch.compile(fullgraph=True, backend="aot_eager")
    def compiled(x: Tensor) -> Tensor:
        return layer_drop(x, _bits(), 0.5, training=True)

    for seed in range(5):
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            y = compiled(torch.zeros(1))
        eager = layer_drop(torch.zeros(1), _bits(), 0.5, training=True, generator=_generator(seed))
        assert torch.equal(y, eager)


def test_members_of_vmap_skip_layers_of_their_own() -> None:
    rates = torch.tensor([0.0, 0.5, 0.5, 0.5, 1.0])
    y = torch.func.vmap(
        lambda x, p: layer_drop(x, _bits(), p, training=True), randomness="different"
    )(torch.zeros(5), rates)

    assert y[0] == 2**_STACK - 1
    assert len(set(y[1:4].tolist())) > 1
    assert y[4] == 0


@pytest.mark.parametrize("result", [torch.zeros(3), (torch.zeros(2),)])
@pytest.mark.parametrize("training", [True, False])
def test_a_layer_that_cannot_be_skipped_is_refused(result: Any, training: bool) -> None:
    with pytest.raises(ModelError, match=r"layer 0 made .* of \(2,\)"):
        layer_drop(torch.zeros(2), [lambda x: result], 0.0, training=training)
