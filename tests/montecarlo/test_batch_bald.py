"""Batches of rows against the enumeration of all their classes."""

import math
from itertools import product

import pytest
import torch
from torch import Tensor

from torchdrop.errors import DataError, SettingError
from torchdrop.montecarlo import _joint_entropy, batch_bald, predict
from torchdrop.montecarlo._joint_entropy import JointEntropy

from .networks import build
from .predictions import prediction, random_samples, regression


def _enumerated(samples: Tensor, rows: list[int]) -> float:
    """Joint entropy: over all classes of all rows, the mean over samples of their product."""
    total = 0.0
    for classes in product(range(samples.shape[2]), repeat=len(rows)):
        each = samples[:, rows, list(classes)].prod(1)
        total -= float(torch.special.xlogy(each.mean(), each.mean()))
    return total


def _greedy(samples: Tensor, size: int) -> tuple[list[int], list[float]]:
    chosen, scores = list[int](), list[float]()
    noise = torch.special.entr(samples).sum(-1).mean(0)
    for _ in range(size):
        gains = {
            row: _enumerated(samples, [*chosen, row]) - float(noise[[*chosen, row]].sum())
            for row in range(samples.shape[1])
            if row not in chosen
        }
        chosen.append(max(gains, key=lambda row: gains[row]))
        scores.append(gains[chosen[-1]])
    return chosen, scores


def _spread(samples: Tensor, chosen: list[int], row: int) -> float:
    """Variance of what one drawn configuration says about the joint entropy."""
    shares, values = [], []
    for classes in product(range(samples.shape[2]), repeat=len(chosen)):
        each = samples[:, chosen, list(classes)].prod(1)
        given = (each[:, None] * samples[:, row]).mean(0) / each.mean()
        shares.append(float(each.mean()))
        values.append(float(torch.special.entr(given).sum() - each.mean().log()))
    mean = sum(s * v for s, v in zip(shares, values, strict=True))
    return sum(s * (v - mean) ** 2 for s, v in zip(shares, values, strict=True))


@pytest.mark.parametrize("seed", range(5))
def test_rows_and_scores_are_those_of_the_enumeration(seed: int) -> None:
    samples = random_samples(4, 7, 3, seed)
    indices, scores = batch_bald(prediction(samples), 4)
    expected, gains = _greedy(samples, 4)

    assert indices.tolist() == expected
    assert scores.tolist() == pytest.approx(gains, abs=1e-12)


def test_classes_that_cannot_be_are_left_out_and_change_nothing() -> None:
    samples = torch.nn.functional.one_hot(random_samples(6, 5, 3).argmax(-1), 3).double()
    indices, scores = batch_bald(prediction(samples), 3)

    expected, gains = _greedy(samples, 3)

    assert indices.tolist() == expected
    assert scores.tolist() == pytest.approx(gains, abs=1e-12)


def test_the_first_row_is_that_of_the_highest_mutual_information() -> None:
    made = prediction(random_samples(8, 30, 3))
    indices, scores = batch_bald(made, 1)

    assert int(indices[0]) == int(made.mutual_information.argmax())
    assert float(scores[0]) == pytest.approx(float(made.mutual_information.max()))


def test_drawn_configurations_give_the_joint_entropy_on_average() -> None:
    samples = random_samples(4, 6, 3)
    draws, chosen = 40_000, [2, 0, 5]
    joint = JointEntropy(samples, 3, draws, torch.Generator().manual_seed(0))
    for row in chosen:
        joint.add(row)
    found = joint.entropies()

    assert joint.owners is not None
    for row in (1, 3, 4):
        bound = 5 * math.sqrt(_spread(samples, chosen, row) / draws)
        assert abs(float(found[row]) - _enumerated(samples, [*chosen, row])) < bound


def test_products_of_many_rows_do_not_vanish() -> None:
    """Of 400 rows with ten equal classes: 400 log 10, where 10**-400 is no float."""
    samples = torch.full((5, 400, 10), 0.1, dtype=torch.float64)
    joint = JointEntropy(samples, 100, 100, torch.Generator().manual_seed(0))
    for row in range(399):
        joint.add(row)

    assert float(joint.entropies()[399]) == pytest.approx(400 * math.log(10))


def test_entropies_do_not_depend_on_how_many_rows_are_computed_at_a_time() -> None:
    made = prediction(random_samples(8, 23, 3))
    expected = batch_bald(made, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_joint_entropy, "_NUMBERS", 50)
        indices, scores = batch_bald(made, 3)

    assert torch.equal(indices, expected.indices)
    assert torch.allclose(scores, expected.scores, rtol=1e-12)


def test_rows_that_say_the_same_are_not_taken_twice() -> None:
    """Single mutual informations would take a row and its copy."""
    samples = random_samples(4, 3, 2)
    samples[:, 0] = torch.tensor([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    samples[:, 1] = samples[:, 0]
    samples[:, 2] = torch.tensor([[0.95, 0.05], [0.05, 0.95], [0.95, 0.05], [0.05, 0.95]])
    made = prediction(samples)
    indices, scores = batch_bald(made, 2)

    assert set(made.mutual_information.topk(2).indices.tolist()) == {0, 1}
    assert indices.tolist() == [0, 2]
    assert scores[0] == pytest.approx(math.log(2))


def test_a_generator_decides_the_draws_and_exact_entropies_take_none() -> None:
    made = prediction(random_samples(8, 40, 4))

    def found(seed: int, configurations: int) -> tuple[list[float], Tensor]:
        generator = torch.Generator().manual_seed(seed)
        result = batch_bald(made, 4, configurations=configurations, generator=generator)
        return result.scores.tolist(), generator.get_state()

    assert found(0, 16)[0] == found(0, 16)[0] != found(1, 16)[0]
    assert torch.equal(found(0, 64)[1], torch.Generator().manual_seed(0).get_state())


def test_it_takes_the_samples_of_a_model() -> None:
    x = torch.randn(20, 6, generator=torch.Generator().manual_seed(0))
    settings = {"samples": 12, "task": "classification", "masks": "shared", "keep_samples": True}
    result = predict(build("late"), x, **settings)  # type: ignore[arg-type]
    assert result.kept is not None
    indices, scores = batch_bald(result, 3)
    expected, gains = _greedy(result.kept, 3)

    assert indices.tolist() == expected
    assert scores.tolist() == pytest.approx(gains)


def test_predictions_that_are_no_networks_are_refused() -> None:
    x, model = torch.randn(5, 6), build("late")
    with pytest.raises(SettingError, match="predict with masks='shared'"):
        batch_bald(predict(model, x, 3, task="classification", keep_samples=True), 2)
    with pytest.raises(DataError, match="predict with keep_samples=True"):
        batch_bald(predict(model, x, 3, task="classification", masks="shared"), 2)
    with pytest.raises(SettingError, match="for a classification"):
        batch_bald(regression(), 2)
    made = prediction(random_samples(3, 5, 2))
    for size in (0, 6):
        with pytest.raises(SettingError, match=f"size is from 1 to the 5 rows; got {size}"):
            batch_bald(made, size)
    with pytest.raises(SettingError, match="configurations are at least 1"):
        batch_bald(made, 2, configurations=0)
