"""The command on settings of a second, in the gate."""

import shlex

import pytest

from torchdrop.data import load
from torchdrop.networks import MLP
from torchdrop.training import LayerStatistics, TrainingSettings

from .co_adaptation import MOMENTS, Runs, main, measure, render


def _layer(correlation: float) -> tuple[LayerStatistics, ...]:
    return (LayerStatistics("1", 9, 2, correlation, 0.5, 1.5),)


def test_networks_of_a_seed_are_the_same_before_training_and_others_after() -> None:
    data, network = load("digits").flattened(), MLP((64, 16, 8, 10), "relu")
    rows, settings = data.validation, TrainingSettings(2, lr=0.01)
    none, half = (measure(network, data, rows, settings, p, seed=3) for p in (0.0, 0.5))

    assert none[MOMENTS[0]] == half[MOMENTS[0]]
    assert all(none[moment] != half[moment] for moment in MOMENTS[1:])
    assert none == measure(network, data, rows, settings, 0.0, seed=3)


def test_differences_are_paired_by_seed() -> None:
    found = {(0.0, 0): 0.2, (0.5, 0): 0.1, (0.0, 1): 0.6, (0.5, 1): 0.5}
    runs: Runs = {key: dict.fromkeys(MOMENTS, _layer(value)) for key, value in found.items()}
    lines = [line for line in render(runs).splitlines() if "| 0.5 |" in line]

    assert len(lines) == 2  # before training there is nothing to compare
    assert all("| 2.0 | 0.300 | -0.100 (-0.100 to -0.100) | 0.500 |" in line for line in lines)


def test_the_command_prints_its_tables(capsys: pytest.CaptureFixture[str]) -> None:
    main(
        shlex.split("--hidden 12 --activation tanh --p 0.5 --epochs 1 --seeds 2 --part validation")
    )
    out, err = capsys.readouterr()

    assert "64-12-10, tanh, Adam, 1 epochs; 2 paired seeds; " in out
    assert out.count("| 1 (12 units) | 0 |") == 3
    assert out.count("| 1 (12 units) | 0.5 |") == 2
    assert err.splitlines() == [f"seed {seed}, p {p}" for seed in (0, 1) for p in ("0", "0.5")]
