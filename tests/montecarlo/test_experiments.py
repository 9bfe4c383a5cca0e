"""The parts of the long experiments that can be known without training much."""

import math

import numpy as np
import pytest
import torch
from scipy.special import logsumexp
from torch import Tensor, nn
from torch.nn import functional as F

from torchdrop.montecarlo import Point, predict

from ..long import mc_coverage, mc_curve, mc_regression
from ..long.mc_regression import TASKS, Split, predicted, scaled, splits, train, weight_decay

ROWS = 60


def _table(seed: int = 0) -> mc_regression.Table:
    generator = np.random.default_rng(seed)
    x = generator.normal(3.0, 2.0, (ROWS, 4))
    x[:, 2] = 5.0
    return np.column_stack([x, 40 + 6 * x[:, 0] - 2 * x[:, 1]])


def _parts(count: int = 3) -> list[Split]:
    return [scaled(_table(), *rows) for rows in splits(ROWS, count)]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.name)
def test_splits_follow_from_numpys_global_generator_seeded_with_1(task: mc_regression.Task) -> None:
    state = np.random.get_state()
    np.random.seed(1)
    orders = [np.random.choice(range(task.rows), task.rows, replace=False) for _ in range(20)]
    np.random.set_state(state)
    first = round(task.rows * 0.9)

    for (learned, held), order in zip(splits(task.rows), orders, strict=True):
        assert np.array_equal(learned, order[:first])
        assert np.array_equal(held, order[first:])


def test_splitting_leaves_numpys_global_generator_alone() -> None:
    before = np.random.get_state()[1].copy()  # type: ignore[index]
    list(splits(ROWS))

    assert np.array_equal(before, np.random.get_state()[1])  # type: ignore[index]


def test_training_parts_are_scaled_to_mean_0_and_deviation_1_and_constants_to_0() -> None:
    (part,) = _parts(1)
    x, y = part.train

    for column in (*(x[:, i] for i in (0, 1, 3)), y[:, 0]):
        assert float(column.mean()) == pytest.approx(0, abs=1e-5)
        assert float(column.std(unbiased=False)) == pytest.approx(1, abs=1e-5)
    assert not x[:, 2].any()


def test_test_targets_stay_in_their_own_units() -> None:
    table = _table()
    ((learned, held),) = splits(ROWS, 1)
    part = scaled(table, learned, held)

    assert np.allclose(part.test[1][:, 0], table[held, -1])
    assert part.mean == pytest.approx(table[learned, -1].mean())


def test_weight_decay_is_the_papers() -> None:
    rows, p, tau, length = 455, 0.05, 0.1597, 1e-2

    assert weight_decay(rows, p, tau) == pytest.approx(length**2 * (1 - p) / (2 * rows * tau))


def test_networks_trained_as_a_batch_fit_each_its_own_split() -> None:
    parts = _parts()
    models = train(parts, TASKS[1], 150, seed=0)
    with torch.no_grad():
        losses = [
            [float(F.mse_loss(model(part.train[0]), part.train[1])) for part in parts]
            for model in models
        ]

    assert all(row[i] == min(row) < 0.1 for i, row in enumerate(losses))


def test_a_network_out_of_the_batch_is_the_batched_one() -> None:
    generator = torch.Generator().manual_seed(0)
    shapes = ((4, 50), (50, 1))
    weights = [torch.randn(3, *shape, generator=generator) for shape in shapes]
    biases = [torch.randn(3, 1, shape[1], generator=generator) for shape in shapes]
    x = torch.randn(8, 4, generator=generator)
    expected = (x @ weights[0][1] + biases[0][1]).relu() @ weights[1][1] + biases[1][1]

    assert torch.allclose(mc_regression.alone(weights, biases, 1, 0.5)(x), expected, atol=1e-4)


def test_the_likelihood_is_the_papers_formula_in_the_targets_own_units() -> None:
    (part,) = _parts(1)
    model, tau, count = nn.Sequential(nn.Dropout(0.3), nn.Linear(4, 1)), 0.02, 30
    found = predicted(model, part, tau, count, seed=0).compare()[-1]
    generator = torch.Generator().manual_seed(0)
    kept = predict(
        *(model, part.test[0], count),
        task="regression",
        keep_samples=True,
        generator=generator,
    ).kept
    assert kept is not None
    values = kept.numpy() * part.scale + part.mean
    y = part.test[1].double().numpy()
    exponents = -tau / 2 * (y - values) ** 2
    likelihoods = logsumexp(exponents, axis=0) - math.log(count)
    likelihoods += -math.log(2 * math.pi) / 2 + math.log(tau) / 2

    assert found.log_likelihood == pytest.approx(float(likelihoods.mean()), rel=1e-6)
    assert found.error == pytest.approx(float(np.sqrt(((values.mean(0) - y) ** 2).mean())))


def test_a_result_is_within_a_standard_error_on_either_side_only() -> None:
    task = TASKS[0]
    low, high = (task.rmse[1] + sign * task.rmse_deviation for sign in (-0.9, 0.9))
    for rmse, expected in ((low, "yes"), (high, "yes"), (low - 0.1, "no"), (high + 0.1, "no")):
        row = mc_regression.Outcome(task, (3.0,), (rmse,), (-2.46,)).row
        assert row[3] == expected


def test_lines_of_the_curve_are_paired_by_seed() -> None:
    curves = [
        (Point(0, 0.04 + s, -0.1, 0.0, 0.0), Point(1, 0.05 + s, -0.3, 0.0, 0.0))
        for s in (0.0, 0.2, 0.5)
    ]
    plain, one = mc_curve.lines(curves)

    assert plain.row[:2] == ["weight scaling", plain.row[1]]
    assert plain.row[2] == plain.row[4] == ""
    assert one.row[0] == "1"
    assert one.row[2] == "+1.00 (+1.00 to +1.00)"
    assert one.row[4].startswith("-0.2000")


@pytest.mark.parametrize("name", mc_coverage.CASES)
def test_every_kind_of_dropout_is_sampled_and_a_model_without_is_refused(name: str) -> None:
    expected = "refuses: ModelError" if name == "no dropout at all" else "yes"

    assert mc_coverage.judge(mc_coverage.CASES[name], mc_coverage.ours) == expected


def test_the_judge_tells_samplers_that_do_not_sample_or_move_statistics() -> None:
    def plain(model: nn.Module, x: Tensor) -> Tensor:
        return torch.stack([model(x) for _ in range(3)])

    def training(model: nn.Module, x: Tensor) -> Tensor:
        return plain(model.train(), x)

    case = mc_coverage.CASES["`nn.Dropout` behind `nn.BatchNorm1d`"]

    assert mc_coverage.judge(case, plain) == "**no, silently**"
    assert mc_coverage.judge(case, training) == "yes; statistics moved"
