from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from torchdrop.data import ArrayEncoder, load, read_features
from torchdrop.errors import DataError, SettingError


def test_digits_give_the_test_images_as_they_were_scored() -> None:
    digits = load("digits")
    assert torch.equal(read_features("digits", digits.encoder), digits.test.x)


def test_a_table_without_its_target_is_encoded_as_in_training(
    tmp_path: Path, people: pd.DataFrame
) -> None:
    people.to_csv(tmp_path / "all.csv", index=False)
    people.drop(columns="income").to_csv(tmp_path / "new.csv", index=False)
    data = load(tmp_path / "all.csv", target="income")
    with_target = read_features(tmp_path / "all.csv", data.encoder, target="income")
    assert torch.equal(read_features(tmp_path / "new.csv", data.encoder), with_target)
    assert with_target.shape == (60, 7)


def test_levels_that_look_like_numbers_are_still_levels(tmp_path: Path) -> None:
    rows = pd.DataFrame({"code": ["01", "02", "A"] * 20, "y": np.arange(60) / 7})
    rows.to_csv(tmp_path / "all.csv", index=False)
    (tmp_path / "new.csv").write_text("code\n02\n")
    encoder = load(tmp_path / "all.csv", target="y").encoder
    assert read_features(tmp_path / "new.csv", encoder).tolist() == [[0.0, 1.0, 0.0]]


@pytest.mark.parametrize("key", ["x", "x_test"])
def test_an_npz_gives_its_rows(tmp_path: Path, key: str) -> None:
    np.savez(tmp_path / "a.npz", **{key: np.ones((3, 2))})  # type: ignore[arg-type]
    assert read_features(tmp_path / "a.npz", ArrayEncoder.identity((2,))).shape == (3, 2)


def test_lacking_columns_are_named(tmp_path: Path, people: pd.DataFrame) -> None:
    people.to_csv(tmp_path / "all.csv", index=False)
    people[["age", "city"]].to_csv(tmp_path / "new.csv", index=False)
    encoder = load(tmp_path / "all.csv", target="income").encoder
    with pytest.raises(DataError, match="lacks 'children', 'smokes'"):
        read_features(tmp_path / "new.csv", encoder)


def test_data_of_another_kind_are_refused(tmp_path: Path, people: pd.DataFrame) -> None:
    people.to_csv(tmp_path / "all.csv", index=False)
    encoder = load(tmp_path / "all.csv", target="income").encoder
    with pytest.raises(DataError, match="trained on a table; got digits"):
        read_features("digits", encoder)
    with pytest.raises(DataError, match="trained on arrays"):
        read_features(tmp_path / "all.csv", ArrayEncoder.identity((2,)))


def test_another_target_than_the_models_is_refused(tmp_path: Path, people: pd.DataFrame) -> None:
    people.to_csv(tmp_path / "all.csv", index=False)
    encoder = load(tmp_path / "all.csv", target="income").encoder
    with pytest.raises(SettingError, match="predicts the column 'income'; got target 'age'"):
        read_features(tmp_path / "all.csv", encoder, target="age")
    with pytest.raises(SettingError, match="got 'age'"):
        read_features("digits", ArrayEncoder.identity((8, 8)), target="age")
