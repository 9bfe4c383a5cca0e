import json
import math
import sys
from collections.abc import Sequence

import pytest
import torch
from torch import nn

from torchdrop import networks
from torchdrop.data import Dataset
from torchdrop.errors import ModelError, SettingError
from torchdrop.nn import Dropout, DropPath
from torchdrop.surgery import dropout_rates, set_rates_
from torchdrop.training import TrainingSettings
from torchdrop.tuning import Member, NetworkFactory
from torchdrop.tuning._alone import train_member
from torchdrop.tuning._json import to_json
from torchdrop.tuning._layer_rates import PerLayerFactory
from torchdrop.tuning._per_layer import (
    PerLayerResult,
    TrainCells,
    Trial,
    each_alone,
    search_per_layer,
)

from .conftest import MakeMember

RECIPE = networks.MLP((2, 8, 8, 3))
LAYERS = ("2", "5")


@pytest.fixture
def bowl(make_member: MakeMember) -> TrainCells:
    """Stands for training: the loss is lowest at p = 0.1 and 0.6 of the two layers."""

    def train(make_network: NetworkFactory, cells: Sequence[tuple[float, int]]) -> list[Member]:
        members = []
        for p, seed in cells:
            first, second = dropout_rates(make_network(p)).values()
            loss = 1 + (first - 0.1) ** 2 + (second - 0.6) ** 2 + 0.01 * math.sin(seed)
            members.append(make_member(p, seed, [loss + 1e-4 * math.sin(7 * seed + first)]))
        return members

    return train


def outcome(best: Sequence[float], shared: Sequence[float]) -> PerLayerResult:
    trials = (Trial((0.3, 0.3), (1.0, 1.0)), Trial((0.1, 0.62), (0.9, 0.9)))
    fresh = tuple(range(2, 2 + len(shared)))
    return PerLayerResult(LAYERS, 0.3, trials, fresh, tuple(shared), tuple(best))


def test_rates_of_torchs_and_our_layers_are_read_and_set_by_name() -> None:
    model = nn.Sequential(
        nn.Dropout(0.1), nn.Sequential(Dropout(0.2), nn.Linear(2, 2)), DropPath(0.3), nn.ReLU()
    )
    assert dropout_rates(model) == {"0": 0.1, "1.0": 0.2, "2": 0.3}
    set_rates_(model, {"2": 0.0, "1.0": 0.5, "0": 0.4})
    assert dropout_rates(model) == {"0": 0.4, "1.0": 0.5, "2": 0.0}
    assert "Dropout(p=0.5" in repr(model.get_submodule("1.0"))


def test_a_layer_used_twice_has_one_p() -> None:
    shared = nn.Dropout(0.1)
    assert dropout_rates(nn.Sequential(shared, nn.Linear(2, 2), shared)) == {"0": 0.1}


def test_rates_for_other_layers_and_impossible_ones_are_refused() -> None:
    model = networks.mlp(2, 3, 2, p=0.1)
    with pytest.raises(ModelError, match="for dropout layers '0'; the model has '2'"):
        set_rates_(model, {"0": 0.1})
    with pytest.raises(SettingError, match="probability of dropping"):
        set_rates_(model, {"2": 1.5})
    assert dropout_rates(model) == {"2": 0.1}
    with pytest.raises(ModelError, match="no dropout layer"):
        dropout_rates(nn.Linear(2, 2))


def test_a_network_with_equal_rates_trains_as_the_shared_one_does(small_data: Dataset) -> None:
    settings = TrainingSettings(epochs=2)
    factory = PerLayerFactory(RECIPE, tuple((name, 0.3) for name in LAYERS))
    one = train_member(factory, small_data, settings, 0.1, seed=1)[0]
    other = train_member(RECIPE, small_data, settings, 0.3, seed=1)[0]

    assert [e.validation_loss for e in one.history.epochs] == [
        e.validation_loss for e in other.history.epochs
    ]


def test_the_shared_rate_is_tried_first_and_better_ones_are_found(bowl: TrainCells) -> None:
    pytest.importorskip("optuna")
    result = search_per_layer(RECIPE, 0.3, bowl, seeds=3, trials=60)

    assert (result.layers, len(result.trials)) == (LAYERS, 60)
    assert result.trials[0].rates == (0.3, 0.3)
    assert abs(result.rates["2"] - 0.1) < 0.1
    assert abs(result.rates["5"] - 0.6) < 0.1
    assert result.helps
    assert "helps beyond the shared p = 0.3" in result.sentence


def test_the_comparison_uses_seeds_that_the_search_has_not(
    bowl: TrainCells, make_member: MakeMember
) -> None:
    pytest.importorskip("optuna")
    calls: list[tuple[int, ...]] = []

    def train(make_network: NetworkFactory, cells: Sequence[tuple[float, int]]) -> Sequence[Member]:
        calls.append(tuple(seed for _, seed in cells))
        return bowl(make_network, cells)

    result = search_per_layer(RECIPE, 0.3, train, seeds=3, fresh_seeds=4, trials=20)

    assert calls == [(0, 1, 2)] * 20 + [(3, 4, 5, 6)] * 2
    assert result.fresh_seeds == (3, 4, 5, 6)
    assert result.shared_losses == tuple(
        m.history.best.validation_loss for m in bowl(RECIPE, [(0.3, seed) for seed in (3, 4, 5, 6)])
    )


def test_equal_searches_are_equal_and_go_on_where_they_were_interrupted(bowl: TrainCells) -> None:
    pytest.importorskip("optuna")
    whole = search_per_layer(RECIPE, 0.3, bowl, seeds=2, trials=15)
    trained: list[Trial] = []
    resumed = search_per_layer(
        RECIPE, 0.3, bowl, seeds=2, trials=15, earlier=whole.trials[:9], on_trial=trained.append
    )

    assert search_per_layer(RECIPE, 0.3, bowl, seeds=2, trials=15) == whole
    assert resumed == whole
    assert trained == list(whole.trials[9:])
    assert search_per_layer(RECIPE, 0.3, bowl, seeds=2, trials=15, sampler_seed=1) != whole


def test_a_search_that_finds_nothing_better_trains_no_fresh_seeds(make_member: MakeMember) -> None:
    pytest.importorskip("optuna")

    def train(make_network: NetworkFactory, cells: Sequence[tuple[float, int]]) -> list[Member]:
        equal = set(dropout_rates(make_network(0.3)).values()) == {0.3}
        return [make_member(p, seed, [1.0 if equal else math.nan]) for p, seed in cells]

    result = search_per_layer(RECIPE, 0.3, train, seeds=2, trials=12)

    assert result.best is result.trials[0]
    assert (result.fresh_seeds, result.best_losses, result.difference) == ((), (), None)
    assert result.sentence == (
        "12 trials of one p per layer found nothing better than the shared p = 0.3."
    )


def test_a_gain_within_what_seeds_do_is_no_help() -> None:
    assert outcome((0.90, 0.91, 0.89), (1.0, 1.01, 1.0)).helps
    within = outcome((0.9, 1.1, 1.0), (1.0, 1.0, 1.01))
    assert not within.helps
    assert "(0.1, 0.62) does not help beyond the shared p = 0.3: the" in within.sentence
    harmful = outcome((1.1, 1.11, 1.1), (1.0, 1.01, 1.0))
    assert "does not help" in harmful.sentence
    assert "higher" in harmful.sentence


def test_a_fresh_run_that_diverged_leaves_nothing_to_compare() -> None:
    result = outcome((0.9, math.nan), (1.0, 1.0))

    assert (result.helps, result.difference) == (False, None)
    assert "diverged" in result.sentence


def test_a_diverged_seed_makes_a_trial_the_worst() -> None:
    assert Trial((0.1,), (0.1, math.nan)).loss == math.inf
    assert Trial((0.1,), (1.0, 2.0)).loss == 1.5


def test_the_record_survives_json() -> None:
    result = outcome((0.9, math.inf, 1.0), (1.0, 1.0, 1.1))

    assert PerLayerResult.from_dict(json.loads(json.dumps(to_json(result.to_dict())))) == result


def test_settings_out_of_range_are_refused(bowl: TrainCells) -> None:
    with pytest.raises(SettingError, match="fresh_seeds is at least 2"):
        search_per_layer(RECIPE, 0.3, bowl, seeds=3, fresh_seeds=1)
    with pytest.raises(SettingError, match="trials is at least 1"):
        search_per_layer(RECIPE, 0.3, bowl, seeds=3, trials=0)
    with pytest.raises(SettingError, match="highest is a probability"):
        search_per_layer(RECIPE, 0.3, bowl, seeds=3, highest=1.0)


def test_without_optuna_the_extra_is_named(
    bowl: TrainCells, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)

    with pytest.raises(SettingError, match=r"torchdrop\[optuna\]"):
        search_per_layer(RECIPE, 0.3, bowl, seeds=2)


def test_networks_are_trained_and_the_global_generator_is_left_as_it_was(
    small_data: Dataset,
) -> None:
    optuna = pytest.importorskip("optuna")
    verbosity, state = optuna.logging.get_verbosity(), torch.get_rng_state()
    train = each_alone(small_data, TrainingSettings(epochs=2))
    result = search_per_layer(RECIPE, 0.2, train, seeds=2, trials=4)

    assert torch.equal(torch.get_rng_state(), state)
    assert optuna.logging.get_verbosity() == verbosity
    first = [
        train_member(RECIPE, small_data, TrainingSettings(epochs=2), 0.2, seed)[0]
        for seed in range(2)
    ]
    assert result.trials[0].losses == tuple(m.history.best.validation_loss for m in first)
