from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from torchdrop.data import load
from torchdrop.errors import DataError, SettingError


def test_digits_keep_their_official_test_part() -> None:
    digits = load("digits")
    assert (digits.name, digits.task, digits.outputs) == ("digits", "classification", 10)
    assert (len(digits.train), len(digits.validation), len(digits.test)) == (3058, 765, 1797)
    assert digits.classes == tuple("0123456789")
    assert (digits.train.x.min().item(), digits.train.x.max().item()) == (0.0, 1.0)


def test_the_seed_decides_the_parts_but_not_the_test_part() -> None:
    first, again, other = load("digits", seed=1), load("digits", seed=1), load("digits", seed=2)
    assert torch.equal(first.train.x, again.train.x)
    assert not torch.equal(first.train.x, other.train.x)
    assert torch.equal(first.test.x, other.test.x)


@pytest.mark.parametrize("suffix", [".csv", ".parquet", ".CSV"])
def test_tables_are_loaded_by_their_suffix(
    tmp_path: Path, people: pd.DataFrame, suffix: str
) -> None:
    path = tmp_path / f"people{suffix}"
    people.to_parquet(path) if suffix == ".parquet" else people.to_csv(path, index=False)
    data = load(path, target="income")
    assert (data.name, data.task, data.shape) == ("people", "regression", (7,))


def test_npz_floats_are_standardized_on_the_training_part(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(5, 2, (100, 3))
    np.savez(tmp_path / "a.npz", x=x, y=x.sum(axis=1) * 1000)
    data = load(tmp_path / "a.npz")
    torch.testing.assert_close(data.train.x.mean(dim=0), torch.zeros(3), atol=1e-5, rtol=0)
    assert abs(float(data.train.y.std(correction=0)) - 1) < 1e-5
    assert data.validation.x.mean(dim=0).abs().max() > 1e-3


def test_npz_images_are_divided_by_the_training_parts_maximum(tmp_path: Path) -> None:
    x = np.full((20, 2, 2), 100, dtype=np.uint8)
    y = np.arange(20) % 2
    np.savez(tmp_path / "a.npz", x_train=x, y_train=y, x_test=2 * x[:3], y_test=y[:3])
    data = load(tmp_path / "a.npz")
    assert (data.train.x == 1).all()
    assert (data.test.x == 2).all()


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere.csv", "no file nowhere.csv in "),
        ("/nowhere/a.npz", "no file /nowhere/a.npz;"),
        ("table.xlsx", ".csv, .parquet, .npz; got 'table.xlsx'"),
        ("digit", "did you mean 'digits'"),
        ("", "got ''"),
    ],
)
def test_sources_that_are_not_there_are_refused(source: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        load(source)


def test_a_target_is_refused_where_there_are_no_columns() -> None:
    with pytest.raises(SettingError, match="got 'income' with digits"):
        load("digits", target="income")


def test_settings_are_checked_before_the_file() -> None:
    with pytest.raises(SettingError, match="validation is a share"):
        load("nowhere.csv", validation=1.5)
    with pytest.raises(SettingError, match="task is"):
        load("nowhere.csv", task="ranking")  # type: ignore[arg-type]
