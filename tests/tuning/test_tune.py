import dataclasses
import math
from typing import Any

import pytest
import torch
from torch import nn

from torchdrop import networks
from torchdrop.data import Dataset
from torchdrop.errors import SettingError
from torchdrop.nn import Dropout
from torchdrop.training import TrainingSettings
from torchdrop.tuning import Progress, tune
from torchdrop.tuning._alone import train_member

RECIPE = networks.MLP((2, 16, 3))
QUICK: dict[str, Any] = {"p": [0.2, 0.5], "seeds": 2, "epochs": 3, "lr": 0.01}


def test_every_cell_of_the_grid_is_trained(small_data: Dataset) -> None:
    result = tune(RECIPE, small_data, **QUICK)
    cells = [(member.p, member.seed) for member in result.members]

    assert cells == [(0.0, 0), (0.0, 1), (0.2, 0), (0.2, 1), (0.5, 0), (0.5, 1)]
    assert all(len(member.history.epochs) == 3 for member in result.members)
    assert [summary.p for summary in result.summaries] == [0.0, 0.2, 0.5]


def test_a_sweep_is_reproducible_whatever_the_global_generator(small_data: Dataset) -> None:
    def losses() -> list[float]:
        members = tune(RECIPE, small_data, **QUICK).members
        return [e.validation_loss for m in members for e in m.history.epochs]

    torch.manual_seed(0)
    first = losses()
    torch.manual_seed(1)

    assert losses() == first


def test_the_global_generator_is_left_as_it_was(small_data: Dataset) -> None:
    before = torch.get_rng_state()
    tune(RECIPE, small_data, **QUICK)

    assert torch.equal(torch.get_rng_state(), before)


def test_members_of_a_seed_start_from_the_same_weights_and_see_the_same_batches(
    small_data: Dataset,
) -> None:
    """Rates that drop almost nothing give the same run as p = 0, but for rounding."""
    runs = [
        train_member(RECIPE, small_data, TrainingSettings(epochs=3), p, seed=4)[0]
        for p in (0.0, 1e-12)
    ]

    assert runs[0].history.best.validation_loss == runs[1].history.best.validation_loss


def test_seeds_differ_in_weights_and_order(small_data: Dataset) -> None:
    runs = [
        train_member(RECIPE, small_data, TrainingSettings(epochs=1), 0.0, seed)[0]
        for seed in (0, 1)
    ]

    assert runs[0].history.epochs[0].training_loss != runs[1].history.epochs[0].training_loss


def test_the_test_part_is_scored_at_the_best_epoch(small_data: Dataset) -> None:
    member, model = train_member(RECIPE, small_data, TrainingSettings(epochs=5), 0.2, seed=0)
    test = small_data.test
    with torch.no_grad():
        output = model.eval()(test.x)

    assert member.test_accuracy == (output.argmax(1) == test.y).double().mean().item()
    assert member.test_loss == pytest.approx(nn.functional.cross_entropy(output, test.y).item())


def test_the_test_part_decides_nothing(small_data: Dataset) -> None:
    """Scrambled test targets change the test figures and nothing else."""
    scrambled = dataclasses.replace(
        small_data, test=dataclasses.replace(small_data.test, y=small_data.test.y.flip(0))
    )
    first, second = (tune(RECIPE, data, **QUICK) for data in (small_data, scrambled))

    assert first.verdict == second.verdict
    assert first.chosen.name == second.chosen.name
    assert [m.test_loss for m in first.members] != [m.test_loss for m in second.members]


def test_arrays_will_do() -> None:
    x = torch.randn(90, 2).numpy()
    result = tune(lambda p: networks.mlp(2, 8, 3, p=p), (x, [i % 3 for i in range(90)]), **QUICK)

    assert result.data.task == "classification"
    assert sum(result.data.rows) == 90


def test_regression_is_tuned() -> None:
    x = torch.randn(90, 2)
    result = tune(lambda p: networks.mlp(2, 8, 1, p=p), (x, x.sum(1)), **QUICK)

    assert result.data.task == "regression"
    assert all(member.test_accuracy is None for member in result.members)
    assert result.summaries[0].test_accuracy is None


def test_any_module_with_dropout_is_tuned(small_data: Dataset) -> None:
    def build(p: float) -> nn.Module:
        return nn.Sequential(
            nn.Linear(2, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(p), nn.Linear(8, 3)
        )

    assert len(tune(build, small_data, **QUICK).members) == 6


def test_images_are_flattened_for_the_built_in_network_only() -> None:
    x, y = torch.randn(60, 2, 3), torch.arange(60) % 2

    def convolution(p: float) -> nn.Module:
        return nn.Sequential(nn.Conv1d(2, 4, 1), nn.Flatten(), Dropout(p), nn.Linear(12, 2))

    assert tune(networks.MLP((6, 4, 2)), (x, y), **QUICK).data.shape == (6,)
    assert tune(convolution, (x, y), **QUICK).data.shape == (2, 3)


def test_a_network_that_diverges_does_not_stop_the_others(small_data: Dataset) -> None:
    result = tune(RECIPE, small_data, **{**QUICK, "optimizer": "sgd", "lr": 1e30})

    assert all(member.history.diverged for member in result.members)
    assert result.verdict.answer == "undecided"
    assert math.isnan(result.chosen.test_loss) or result.chosen.test_loss > 0


def test_progress_is_reported_after_each_epoch_and_member(small_data: Dataset) -> None:
    seen: list[Progress] = []
    tune(RECIPE, small_data, **QUICK, on_progress=seen.append)
    finished = [progress for progress in seen if progress.finished]

    assert len(seen) == 6 * 3 + 6
    assert [progress.done for progress in finished] == [1, 2, 3, 4, 5, 6]
    assert {progress.total for progress in seen} == {6}


def test_settings_are_refused_before_the_data_is_looked_at() -> None:
    with pytest.raises(SettingError, match="lr is"):
        tune(RECIPE, ("no", "data"), **{**QUICK, "lr": -1})
