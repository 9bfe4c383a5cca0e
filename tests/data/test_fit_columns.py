import numpy as np
import pandas as pd
import pytest
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from torchdrop.data import CategoryColumn, TableEncoder
from torchdrop.data._fit_columns import fit_columns
from torchdrop.errors import DataError

TRAIN = np.arange(40)


def test_a_table_is_encoded_as_by_sklearn(people: pd.DataFrame) -> None:
    inputs = people.drop(columns="income")
    numbers = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    texts = make_pipeline(
        SimpleImputer(missing_values=None, strategy="constant", fill_value="missing"),
        OneHotEncoder(handle_unknown="ignore"),
    )
    reference = ColumnTransformer(
        [("n", numbers, ["age", "children"]), ("t", texts, ["city"])], sparse_threshold=0
    )
    plain = inputs.astype({"city": object}).replace({"city": {np.nan: None}})
    expected = reference.fit(plain.iloc[TRAIN]).transform(plain)

    columns, _ = fit_columns(inputs[["age", "children", "city"]].convert_dtypes(), TRAIN)
    encoded = TableEncoder(columns, "income").encode(inputs)
    np.testing.assert_allclose(encoded.numpy(), expected, atol=1e-6)


def test_rows_outside_the_training_part_change_nothing(people: pd.DataFrame) -> None:
    changed = people.copy()
    changed.loc[40:, "age"] = 1e6
    changed.loc[40:, "city"] = "Atlantis"
    fitted = [fit_columns(table.convert_dtypes(), TRAIN)[0] for table in (people, changed)]
    assert fitted[0] == fitted[1]


def test_what_was_filled_in_is_noted(people: pd.DataFrame) -> None:
    median = people["age"].iloc[TRAIN].median()
    _, notes = fit_columns(people.convert_dtypes(), TRAIN)
    assert notes == (
        f"column age: 3 missing values set to the training median {median:g}.",
        "column city: 5 missing values kept as a level of their own.",
    )


def test_values_that_only_other_parts_hold_are_noted(people: pd.DataFrame) -> None:
    people["city"] = ["Lima", "Oslo"] * 20 + ["Rome"] * 19 + [None]
    _, notes = fit_columns(people[["city"]].convert_dtypes(), TRAIN)
    where = "absent from the training part, set to 0 in every level."
    assert notes == (f"column city: 1 missing value {where}", f"column city: 19 values {where}")


def test_columns_of_no_use_are_left_out_and_noted(people: pd.DataFrame) -> None:
    people["same"], people["empty"], people["Unnamed: 0"] = 7, None, np.arange(60)
    people["nearly"] = [3.0] * 39 + [None] + [4.0] * 20
    columns, notes = fit_columns(people.drop(columns=["age", "city"]).convert_dtypes(), TRAIN)
    assert [column.name for column in columns] == ["children", "smokes", "income"]
    assert notes == (
        "column same: left out, constant in the training part.",
        "column empty: left out, every value is missing in the training part.",
        "column Unnamed: 0: left out, numbers without a name in the header.",
        "column nearly: left out, constant in the training part.",
    )


def test_text_that_is_there_or_missing_can_be_learned_from() -> None:
    table = pd.DataFrame({"died": ["yes", None] * 20}).convert_dtypes()
    assert fit_columns(table, TRAIN)[0] == (CategoryColumn("died", ("missing", "yes")),)


@pytest.mark.parametrize("levels", [101, 150])
def test_too_many_texts_are_refused(levels: int) -> None:
    table = pd.DataFrame({"name": [f"n{row % levels}" for row in range(300)]})
    with pytest.raises(DataError, match=f"'name' holds {levels} different texts .* leave .* out"):
        fit_columns(table.convert_dtypes(), np.arange(300))


def test_texts_that_all_differ_are_refused() -> None:
    table = pd.DataFrame({"id": [f"n{row}" for row in range(40)]})
    with pytest.raises(DataError, match="'id' holds 40 different texts in 40 training rows"):
        fit_columns(table.convert_dtypes(), TRAIN)


def test_one_text_among_many_numbers_is_pointed_at() -> None:
    table = pd.DataFrame({"age": [*(str(row) for row in range(39)), "old"]})
    with pytest.raises(DataError, match="'age' holds text among its numbers, such as 'old'"):
        fit_columns(table.convert_dtypes(), TRAIN)


def test_a_table_without_a_useful_column_is_refused() -> None:
    with pytest.raises(DataError, match="No column besides the target"):
        fit_columns(pd.DataFrame({"same": [1] * 40}), TRAIN)
