import numpy as np
import pytest

from torchdrop.data._checks import check_numbers, counted, did_you_mean, listed
from torchdrop.errors import DataError


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 1e300])
def test_values_that_are_no_float32_are_counted_and_located(bad: float) -> None:
    values = np.zeros((4, 3))
    values[2, 1] = values[3, 0] = bad
    with pytest.raises(DataError, match=r"x holds 2 of 12 values .* first at \[2, 1\]"):
        check_numbers(values, "x")


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int64, np.uint8, bool])
def test_finite_numbers_of_every_type_pass(dtype: type) -> None:
    check_numbers(np.ones((2, 2), dtype=dtype), "x")


@pytest.mark.parametrize(("value", "what"), [("a", "text"), (1j, "values")])
def test_text_and_complex_values_are_no_numbers(value: object, what: str) -> None:
    with pytest.raises(DataError, match=f"x holds {what} .* where numbers are needed"):
        check_numbers(np.array([value]), "x")


def test_long_lists_are_cut_and_counted() -> None:
    assert listed(["a", "b", "c"], limit=2) == "'a', 'b' and 1 more"


def test_suggestions_ignore_case() -> None:
    assert did_you_mean("incone", ["Income", "age"]) == " (did you mean 'Income'?)"
    assert did_you_mean("xyz", ["Income", "age"]) == ""


def test_one_is_singular() -> None:
    assert (counted(1, "row"), counted(2, "row")) == ("1 row", "2 rows")
