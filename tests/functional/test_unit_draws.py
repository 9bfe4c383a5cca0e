"""Units of all layers drawn together: those that each layer would draw by itself."""

import copy
import pickle

import pytest
import torch

from torchdrop.functional import Count, UnitLayers, kept_units
from torchdrop.kernels import kernel, seed_for, seeds_for, using

UNITS, RATES = [5, 300, 17], [0.5, 0.2, 0.9]
CPU = torch.device("cpu")


@pytest.mark.parametrize("groups", [1, 3])
@pytest.mark.parametrize("count", ["binomial", "exact"])
@pytest.mark.parametrize("name", ["native", "torch"])
def test_each_layers_units_are_those_of_its_seed(name: str, count: Count, groups: int) -> None:
    if name == "native" and kernel().name != "native":
        pytest.skip("there is no native kernel here")
    layers = UnitLayers(UNITS, RATES, count=count, groups=groups)
    seeds = seeds_for(torch.ones(1), len(layers))
    with using(name):
        draws = layers.draw(seeds, torch.float64)
    for group in range(groups):
        for layer, (n, p) in enumerate(zip(UNITS, RATES, strict=True)):
            seed = int(seeds[group * len(UNITS) + layer])
            numbers, factor = kept_units(n, p, seed, CPU, count=count)
            kept = draws.kept(layer, group)
            expected = torch.zeros(n, dtype=torch.float64).index_fill_(0, numbers, factor)
            assert torch.equal(draws.factors(layer, torch.float64)[group], expected)
            assert torch.equal(draws.factors(layer, torch.float32)[group], expected.float())
            if len(numbers):
                assert torch.equal(kept.numbers, numbers)
                assert kept.factor == factor
            assert kept.usual == max(1, round((1 - p) * n))


@pytest.mark.usefixtures("each_kernel")
@pytest.mark.parametrize("count", ["binomial", "exact"])
def test_where_none_is_kept_the_factor_is_0(count: Count) -> None:
    layers = UnitLayers([4], [1.0], count=count)
    draws = layers.draw(torch.tensor([3]), torch.float32)

    assert (draws.kept(0).factor, len(draws.kept(0).numbers)) == (0.0, 0)
    assert draws.kept(0, least=1).numbers.tolist() == [0]
    assert torch.equal(draws.factors(0, torch.float32), torch.zeros(1, 4))


@pytest.mark.usefixtures("each_kernel")
@pytest.mark.parametrize("count", ["binomial", "exact"])
def test_a_layer_without_units_keeps_none(count: Count) -> None:
    layers = UnitLayers([4, 0], [0.5, 0.5], count=count)
    draws = layers.draw(torch.tensor([1, 2]), torch.float32)

    assert draws.counts[1] == 0
    assert len(draws.kept(1).numbers) == 0


def test_several_seeds_are_those_of_several_draws() -> None:
    torch.manual_seed(5)
    together = seeds_for(torch.ones(1), 7).tolist()
    torch.manual_seed(5)

    assert together == [seed_for(torch.ones(1)) for _ in range(7)]


def test_layers_can_be_copied_and_pickled() -> None:
    layers, seeds = UnitLayers(UNITS, RATES, count="exact"), torch.tensor([1, 2, 3])
    expected = layers.draw(seeds, torch.float32).numbers
    for other in (copy.deepcopy(layers), pickle.loads(pickle.dumps(layers))):
        draws = other.draw(seeds, torch.float32)
        for layer in range(3):
            kept = layers.draw(seeds, torch.float32).kept(layer)
            assert torch.equal(draws.kept(layer).numbers, kept.numbers)
        assert draws.numbers.shape == expected.shape
