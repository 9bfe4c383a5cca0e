"""Inputs with the targets beside them, as a trained model needs them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from torchdrop.data import (
    ArrayEncoder,
    Dataset,
    NumberColumn,
    TableEncoder,
    load,
    read_features,
    read_labeled,
)
from torchdrop.errors import DataError

ENCODER = TableEncoder((NumberColumn("size", fill=0.0, shift=0.0, scale=1.0),), target="y")


def _file(folder: Path, values: list[object], header: str = "y") -> Path:
    """A table with these targets."""
    frame = pd.DataFrame({"size": np.arange(len(values)), header: values})
    frame.to_csv(folder / "new.csv", index=False)
    return folder / "new.csv"


@pytest.mark.parametrize(
    ("values", "classes", "expected"),
    [
        (["b", "a", "b"], ("a", "b"), [1, 0, 1]),
        (["b", None, ""], ("a", "b"), [1, -1, -1]),
        ([2, 1, 3], ("1", "2", "3"), [1, 0, 2]),
        ([2.0, None, 3.0], ("1", "2", "3"), [1, -1, 2]),
        (["2.0", "1.0"], ("1", "2", "3"), [1, 0]),
        ([True, False], ("False", "True"), [1, 0]),
        ([1, 2], ("1", "2", "none"), [0, 1]),
        (["1.0", "1.0"], ("1.0", "x"), [0, 0]),
        ([1.5, 2.5], ("1.5", "2.5"), [0, 1]),
    ],
)
def test_classes_of_a_column_get_their_numbers_and_minus_one_if_missing(
    tmp_path: Path, values: list[object], classes: tuple[str, ...], expected: list[int]
) -> None:
    _, y = read_labeled(_file(tmp_path, values), ENCODER, classes)
    assert y is not None

    assert y.dtype == torch.int64
    assert y.tolist() == expected


def test_numbers_stay_in_the_users_unit_and_are_nan_if_missing(tmp_path: Path) -> None:
    x, y = read_labeled(_file(tmp_path, [150_000.25, None, -3]), ENCODER, ())
    assert y is not None

    assert y.dtype == torch.float64
    assert y[[0, 2]].tolist() == [150_000.25, -3.0]
    assert y.isnan().tolist() == [False, True, False]
    assert x.squeeze(1).tolist() == [0.0, 1.0, 2.0]


@pytest.mark.parametrize("classes", [("a", "b"), ()])
def test_without_the_column_or_with_an_empty_one_there_are_no_targets(
    tmp_path: Path, classes: tuple[str, ...]
) -> None:
    empty, other = [None] * 3, ["a", "b", "a"]

    assert read_labeled(_file(tmp_path, [*empty]), ENCODER, classes)[1] is None
    assert read_labeled(_file(tmp_path, [*other], "label"), ENCODER, classes)[1] is None


def test_an_unknown_class_is_named_with_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'y' holds 'B', 'c', which .* are 'a', 'b': correct"):
        read_labeled(_file(tmp_path, ["a", "B", None, "c"]), ENCODER, ("a", "b"))


def test_text_and_infinite_values_are_no_numbers(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="text where numbers are needed, such as 'much' in row 2"):
        read_labeled(_file(tmp_path, [1.5, "much"]), ENCODER, ())
    with pytest.raises(DataError, match="infinite"):
        read_labeled(_file(tmp_path, [1.5, np.inf]), ENCODER, ())


def test_all_rows_of_the_file_trained_on_have_the_targets_of_training(tmp_path: Path) -> None:
    """By the sums over its parts: rows are shuffled and standardized there."""
    generator = np.random.default_rng(0)
    frame = pd.DataFrame({"size": generator.normal(0, 1, 60)})
    frame["y"] = generator.choice(["red", "green", "blue"], 60)
    frame["price"] = generator.normal(500, 100, 60)
    frame.to_csv(tmp_path / "all.csv", index=False)

    def parts(data: Dataset) -> torch.Tensor:
        return torch.cat([data.train.y, data.validation.y, data.test.y])

    colors = load(tmp_path / "all.csv", target="y")
    prices = load(tmp_path / "all.csv", target="price")
    _, color = read_labeled(tmp_path / "all.csv", colors.encoder, colors.classes)
    _, price = read_labeled(tmp_path / "all.csv", prices.encoder, prices.classes)
    assert color is not None
    assert price is not None

    assert torch.equal(color.bincount(), parts(colors).bincount())
    known = prices.encoder.decode_target(parts(prices).double()).sort().values
    assert torch.allclose(price.sort().values, known, rtol=1e-6)


def test_a_built_in_set_has_the_targets_of_its_test_part() -> None:
    digits = load("digits")
    x, y = read_labeled("digits", digits.encoder, digits.classes)
    assert y is not None

    assert torch.equal(x, digits.test.x)
    assert torch.equal(y, digits.test.y)


def test_arrays_take_y_beside_x_and_y_test_beside_x_test(tmp_path: Path) -> None:
    encoder, x = ArrayEncoder.identity((2,)), np.zeros((3, 2))
    path = tmp_path / "a.npz"

    def read(classes: tuple[str, ...], **arrays: np.ndarray) -> list[float] | None:
        np.savez(path, **arrays)  # type: ignore[arg-type]
        y = read_labeled(path, encoder, classes)[1]
        return None if y is None else y.tolist()

    labels = np.array([7, 5, 7])
    assert read(("5", "7"), x=x, y=labels) == [1, 0, 1]
    assert read(("5", "7"), x=x, y=labels.astype(float)) == [1, 0, 1]
    assert read(("5", "7"), x=x, y=np.array([7, np.nan, 5])) == [1, -1, 0]
    assert read(("5", "7"), x_test=x, y_test=labels[:, None], x_train=x, y_train=labels) == [
        1,
        0,
        1,
    ]
    assert read(("5", "7"), x=x, y_test=labels) is None
    assert read((), x=x) is None
    assert read((), x=x, y=np.full(3, np.nan)) is None
    assert read((), x=x, y=np.array([0.5, 2, 3])) == [0.5, 2, 3]
    with pytest.raises(DataError, match=r"shape \(3,\); got shape \(2,\)"):
        read((), x=x, y=np.zeros(2))
    with pytest.raises(DataError, match="y holds text"):
        read((), x=x, y=np.array(["a", "b", "c"]))


def test_inputs_are_those_of_read_features_and_so_are_the_errors(tmp_path: Path) -> None:
    path = _file(tmp_path, ["a", "b"])

    assert torch.equal(read_labeled(path, ENCODER, ("a", "b"))[0], read_features(path, ENCODER))
    with pytest.raises(DataError, match="give a table"):
        read_labeled("digits", ENCODER, ("a", "b"))
    with pytest.raises(DataError, match=r"give an \.npz file"):
        read_labeled(path, ArrayEncoder.identity((2,)), ())
    with pytest.raises(DataError, match="There is no file"):
        read_labeled("no.csv", ENCODER, ())
