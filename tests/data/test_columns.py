from decimal import Decimal

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import OneHotEncoder

from torchdrop.data import CategoryColumn, NumberColumn
from torchdrop.data._columns import kind_of, numbers_in
from torchdrop.errors import DataError


def test_categories_are_encoded_as_by_sklearn() -> None:
    known = pd.Series(["b", "a", "c", "a"])
    new = pd.Series(["c", "z", "b"])
    reference = OneHotEncoder(handle_unknown="ignore", sparse_output=False)
    expected = reference.fit(known.to_numpy().reshape(-1, 1)).transform(
        new.to_numpy().reshape(-1, 1)
    )
    np.testing.assert_array_equal(CategoryColumn("c", ("a", "b", "c")).encode(new), expected)


def test_a_missing_category_is_a_level_of_its_own_if_trained_on() -> None:
    new = pd.Series(["a", None])
    assert CategoryColumn("c", ("a", "missing")).encode(new).tolist() == [[1, 0], [0, 1]]
    assert CategoryColumn("c", ("a", "b")).encode(new).tolist() == [[1, 0], [0, 0]]


def test_a_missing_number_takes_the_fill() -> None:
    column = NumberColumn("n", fill=4.0, shift=2.0, scale=2.0)
    assert column.encode(pd.Series([2.0, np.nan, 8.0])).tolist() == [[0.0], [1.0], [3.0]]


def test_booleans_are_zero_and_one() -> None:
    values = pd.Series([True, False, None]).convert_dtypes()
    np.testing.assert_array_equal(numbers_in(values), [1.0, 0.0, np.nan])


def test_text_among_numbers_is_named_with_its_row() -> None:
    with pytest.raises(DataError, match=r"'age' holds text .* such as 'old' in row 2"):
        numbers_in(pd.Series(["31", "old"], name="age"))


def test_infinite_numbers_are_named_with_their_place() -> None:
    with pytest.raises(DataError, match=r"Column 'age' holds 1 of 3 values .* at \[2\]"):
        numbers_in(pd.Series([1.0, np.nan, np.inf], name="age"))


def test_decimals_and_booleans_are_numbers_and_categories_text() -> None:
    assert kind_of(pd.Series([Decimal("1.5"), None])) == "number"
    assert kind_of(pd.Series([True, False])) == "number"
    assert kind_of(pd.Series([True, False]).astype("category")) == "text"
    assert numbers_in(pd.Series([Decimal("1.5")])).tolist() == [1.5]


@pytest.mark.parametrize("values", [pd.to_datetime(["2020-01-01"]), [[1, 2]], [1j]])
def test_dates_lists_and_complex_numbers_are_neither(values: list[object]) -> None:
    with pytest.raises(DataError, match=r"Column 'c' holds .* neither numbers nor text"):
        kind_of(pd.Series(values, name="c"))
