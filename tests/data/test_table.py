import numpy as np
import pandas as pd
import pytest
import torch

from torchdrop.data import Dataset
from torchdrop.data._columns import typed
from torchdrop.data._split import Shares
from torchdrop.data._table import dataset_from_table, infer_task
from torchdrop.data._targets import Task
from torchdrop.errors import DataError, SettingError


def _data(table: pd.DataFrame, target: str | None, task: Task | None = None) -> Dataset:
    return dataset_from_table("people", typed(table), target, Shares(), task)


@pytest.mark.parametrize(
    ("values", "task"),
    [
        (["a", "b"], "classification"),
        ([True, False], "classification"),
        ([1, 2], "classification"),
        ([1.0, 2.0], "classification"),
        (list(range(20)), "classification"),
        (list(range(21)), "regression"),
        ([1.5, 2.0], "regression"),
    ],
)
def test_text_booleans_and_few_whole_numbers_are_classes(values: list[object], task: str) -> None:
    assert infer_task(pd.Series(values, name="y").convert_dtypes())[0] == task


def test_whole_numbers_taken_for_classes_are_noted(people: pd.DataFrame) -> None:
    data = _data(people, "children")
    assert data.classes == ("0", "1", "2", "3", "4")
    assert any("5 different whole numbers are taken for classes" in note for note in data.notes)
    assert _data(people, "children", "regression").classes == ()


def test_number_targets_are_standardized_on_the_training_part(people: pd.DataFrame) -> None:
    data = _data(people, "income")
    assert abs(float(data.train.y.mean())) < 1e-6
    assert abs(float(data.train.y.std(correction=0)) - 1) < 1e-5
    restored = [data.encoder.decode_target(p.y) for p in (data.train, data.validation, data.test)]
    np.testing.assert_allclose(np.sort(torch.cat(restored)), np.sort(people["income"]), rtol=1e-5)


def test_the_rows_and_targets_stay_together(people: pd.DataFrame) -> None:
    people["double"] = 2 * people["income"]
    data = _data(people[["double", "income"]], "income")
    torch.testing.assert_close(data.test.x[:, 0], data.test.y)


def test_rows_without_a_target_are_left_out_and_noted(people: pd.DataFrame) -> None:
    data = _data(people, "city")
    assert len(data.train) + len(data.validation) + len(data.test) == 55
    assert data.classes == ("Lima", "Oslo", "Rome")
    assert data.notes[0] == "target city: 5 rows left out, where it is missing."


def test_a_boolean_target_has_two_classes(people: pd.DataFrame) -> None:
    data = _data(people, "smokes")
    assert (data.classes, data.train.y.dtype) == (("False", "True"), torch.int64)


def test_copied_rows_are_noted(people: pd.DataFrame) -> None:
    data = _data(pd.concat([people, people[:2]], ignore_index=True), "income")
    assert any(note.startswith("There are 2 rows that repeat") for note in data.notes)


def test_no_target_is_refused_with_a_list_of_columns(people: pd.DataFrame) -> None:
    with pytest.raises(SettingError, match=r"none was given, .* 'age', 'children', 'city'"):
        _data(people, None)


def test_an_unknown_target_is_refused_with_near_names(people: pd.DataFrame) -> None:
    with pytest.raises(SettingError, match=r"got 'Incom' \(did you mean 'income'\?\)"):
        _data(people, "Incom")


@pytest.mark.parametrize(
    ("values", "task", "message"),
    [
        ([None] * 60, None, "'y' has no value"),
        (["a"] * 60, None, "one value only, 'a'"),
        ([1.5, np.inf] * 30, None, "'y' holds 30 of 60 values"),
        (["a", "b"] * 30, "regression", "'y' holds text where numbers are needed"),
    ],
)
def test_targets_nothing_can_be_learned_from_are_refused(
    people: pd.DataFrame, values: list[object], task: Task | None, message: str
) -> None:
    people["y"] = pd.Series(values)
    with pytest.raises(DataError, match=message):
        _data(people, "y", task)
