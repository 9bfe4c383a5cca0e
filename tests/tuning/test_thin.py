"""A sweep of thinned networks: what it trains, how, and what it refuses."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from torchdrop import networks
from torchdrop.data import Dataset
from torchdrop.errors import ModelError, RunDirectoryError, SettingError
from torchdrop.nn import ThinnedSequential
from torchdrop.surgery import dropout_rates, thin
from torchdrop.training import TrainingSettings
from torchdrop.tuning import Member, Progress, Start, TuningResult, load_model, tune
from torchdrop.tuning._alone import train_member
from torchdrop.tuning._layer_rates import PerLayerFactory
from torchdrop.tuning._network import Thinned, describe, rebuild

RECIPE = networks.MLP((2, 16, 16, 3))
QUICK: dict[str, Any] = {"p": [0.4], "seeds": 2, "epochs": 3, "lr": 0.01}


class _Unchained(nn.Module):
    """Drops in its own forward pass, not in a chain."""

    def __init__(self, p: float) -> None:
        super().__init__()
        self.before, self.drop, self.after = nn.Linear(2, 8), nn.Dropout(p), nn.Linear(8, 3)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.after(self.drop(self.before(x)))
        return y


def _without_layer_at_zero(p: float) -> nn.Sequential:
    drop = [nn.Dropout(p)] if p > 0 else []
    return nn.Sequential(nn.Linear(2, 8), nn.ReLU(), *drop, nn.Linear(8, 3))


def _figures(members: tuple[Member, ...], p: float) -> list[Any]:
    return [
        (m.test_loss, [(e.noisy_training_loss, e.validation_loss) for e in m.history.epochs])
        for m in members
        if m.p == p
    ]


def _tune(data: Dataset, **settings: Any) -> TuningResult:
    return tune(RECIPE, data, **{**QUICK, **settings})


def test_members_are_networks_thinned_by_surgery_and_trained_alone(small_data: Dataset) -> None:
    result = _tune(small_data, thin=True)
    settings = TrainingSettings(epochs=3, lr=0.01)
    alone = [
        train_member(lambda p: thin(RECIPE(p)), small_data, settings, 0.4, seed)[0]
        for seed in range(2)
    ]

    assert _figures(result.members, 0.4) == _figures(tuple(alone), 0.4)


def test_without_dropout_the_members_are_those_of_plain_networks(small_data: Dataset) -> None:
    thinned, plain = _tune(small_data, thin=True), _tune(small_data, engine="loop")

    assert _figures(thinned.members, 0.0) == _figures(plain.members, 0.0)
    assert _figures(thinned.members, 0.4) != _figures(plain.members, 0.4)


def test_they_are_trained_one_after_the_other_and_it_is_said_why(small_data: Dataset) -> None:
    starts: list[Start] = []
    _tune(small_data, thin=True, on_start=starts.append)
    plan = starts[0].plan

    assert (plan.engine, plan.members) == ("loop", 1)
    assert plan.reason == "thinned networks are trained one after the other"


def test_a_stack_of_them_is_refused(small_data: Dataset) -> None:
    with pytest.raises(SettingError, match=r"one after the other\. Use 'loop'"):
        _tune(small_data, thin=True, engine="stacked")


def test_a_network_without_a_chain_is_refused_before_work(
    small_data: Dataset, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="no chain to thin"):
        tune(_Unchained, small_data, **QUICK, thin=True, engine="loop", out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_learning_p_and_thinning_exclude_each_other(small_data: Dataset) -> None:
    with pytest.raises(SettingError, match="choose one of learn and thin"):
        _tune(small_data, thin=True, learn=True)


@pytest.mark.parametrize("seed", range(10))
def test_equal_draws_in_a_narrow_layer_are_not_taken_for_a_network_that_drops_nothing(
    small_data: Dataset, seed: int
) -> None:
    """Two draws of two units at p = 0.3 agree every third time."""
    torch.manual_seed(seed)
    result = tune(networks.MLP((2, 2, 3)), small_data, p=[0.3], seeds=1, epochs=1, thin=True)

    assert [m.p for m in result.members] == [0.0, 0.3]


def test_a_factory_may_leave_dropout_out_at_zero(small_data: Dataset) -> None:
    factory = Thinned(_without_layer_at_zero)

    assert type(factory(0.0)) is nn.Sequential
    assert type(factory(0.2)) is ThinnedSequential
    assert tune(_without_layer_at_zero, small_data, **QUICK, thin=True).members


@pytest.mark.parametrize("p", [0.0, 0.3])
def test_one_factory_keeps_names_and_weights_of_the_other(p: float) -> None:
    states = []
    for factory in (RECIPE, Thinned(RECIPE)):
        torch.manual_seed(0)
        states.append(factory(p).state_dict())
    plain, thinned = states

    assert list(thinned) == list(plain)
    assert all(torch.equal(thinned[name], plain[name]) for name in plain)


@pytest.mark.parametrize("factory", [Thinned(RECIPE), Thinned(networks.mlp, groups=4)])  # type: ignore[arg-type]
def test_a_thinned_recipe_is_described_in_json_and_rebuilt(factory: Thinned) -> None:
    assert rebuild(json.loads(json.dumps(describe(factory)))) == factory


def test_a_thinned_local_function_cannot_be_rebuilt() -> None:
    with pytest.raises(ModelError, match="cannot be imported"):
        rebuild(describe(Thinned(lambda p: networks.mlp(2, 8, 3, p=p))))


def test_the_chosen_network_is_loaded_and_predicts_as_it_did(
    small_data: Dataset, tmp_path: Path
) -> None:
    result = _tune(small_data, thin=True, out=tmp_path / "run")
    model = load_model(tmp_path / "run")
    predicted = model.predict(small_data.test.x)["prediction"]
    truth = [small_data.classes[int(y)] for y in small_data.test.y]
    right = [a == b for a, b in zip(predicted, truth, strict=True)]

    assert sum(right) / len(right) == result.chosen.test_accuracy


def _interrupt(data: Dataset, out: Path, **settings: Any) -> None:
    def stop(progress: Progress) -> None:
        if progress.done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _tune(data, **settings, engine="loop", out=out, on_progress=stop)


def test_an_interrupted_sweep_is_resumed_to_the_same_members(
    small_data: Dataset, tmp_path: Path
) -> None:
    _interrupt(small_data, tmp_path / "run", thin=True)
    resumed = _tune(small_data, thin=True, out=tmp_path / "run", existing="resume")
    whole = _tune(small_data, thin=True)

    assert _figures(resumed.members, 0.4) == _figures(whole.members, 0.4)


def test_a_plain_run_is_not_resumed_thinned(small_data: Dataset, tmp_path: Path) -> None:
    _interrupt(small_data, tmp_path / "run")

    with pytest.raises(RunDirectoryError, match="network"):
        _tune(small_data, thin=True, engine="loop", out=tmp_path / "run", existing="resume")


def test_a_p_for_each_layer_is_that_of_a_thinned_network_even_from_zero() -> None:
    chosen = PerLayerFactory(Thinned(RECIPE), (("2", 0.1), ("5", 0.6)))(0.0)

    assert type(chosen) is ThinnedSequential
    assert dropout_rates(chosen) == {"2": 0.1, "5": 0.6}


def test_workers_train_thinned_networks(small_data: Dataset) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        here, there = (_tune(small_data, thin=True, workers=n) for n in (0, 1))
    finally:
        torch.set_num_threads(threads)

    assert _figures(here.members, 0.4) == _figures(there.members, 0.4)
