"""One column of a table -> one or more columns of model inputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import DataError
from ._checks import check_numbers

MISSING = "missing"


def typed(table: pd.DataFrame) -> pd.DataFrame:
    """The table with pandas' own types, which tell missing values and keep integers whole."""
    # pandas 2 warns of infinite values here; they are refused later, by the column's name.
    with np.errstate(invalid="ignore"):
        converted: pd.DataFrame = table.convert_dtypes()
    return converted


def kind_of(series: pd.Series[Any]) -> Literal["number", "text"]:
    """Whether a column holds numbers (booleans among them) or text; `DataError` if neither."""
    dtype = series.dtype
    # First, since pandas calls categories of booleans boolean.
    if isinstance(dtype, (pd.CategoricalDtype, pd.StringDtype)):
        return "text"
    is_decimal = pd.api.types.infer_dtype(series, skipna=True) == "decimal"
    if (pd.api.types.is_numeric_dtype(dtype) and dtype.kind != "c") or is_decimal:
        return "number"
    raise DataError(
        f"Column {str(series.name)!r} holds {dtype}, which is neither numbers nor text; "
        "turn it into numbers or leave it out."
    )


def numbers_in(series: pd.Series[Any]) -> NDArray[np.float64]:
    """The column as (N,) float64, NaN where missing; `DataError` where it holds text."""
    numbers = pd.to_numeric(series, errors="coerce")
    is_text = numbers.isna() & series.notna()
    if is_text.any():
        row = int(is_text.to_numpy().argmax())
        raise DataError(
            f"Column {str(series.name)!r} holds text where numbers are needed, such as "
            f"{str(series.iloc[row])!r} in row {row + 1}; correct these values or leave them empty."
        )
    values = numbers.astype("Float64").to_numpy(dtype=np.float64, na_value=np.nan)
    check_numbers(np.where(np.isnan(values), 0.0, values), f"Column {str(series.name)!r}")
    return values


def texts_in(series: pd.Series[Any]) -> pd.Series[str]:
    """The column as text, with `missing` where a value is missing."""
    return series.astype("string").fillna(MISSING)


@dataclass(frozen=True, slots=True)
class NumberColumn:
    """A column of numbers: missing values are filled in, then all are standardized.

    Attributes:
        name: The column's name in the table.
        fill: Median of the training part, used where a value is missing.
        shift: Mean of the training part, after filling in.
        scale: Standard deviation of the training part, after filling in.
    """

    name: str
    fill: float
    shift: float
    scale: float

    def encode(self, series: pd.Series[Any]) -> NDArray[np.float64]:
        """The column as one column (N, 1) of standardized numbers."""
        values = numbers_in(series)
        filled = np.where(np.isnan(values), self.fill, values)
        return ((filled - self.shift) / self.scale).reshape(-1, 1)

    def to_dict(self) -> dict[str, Any]:
        """The column as plain JSON types."""
        return {"kind": "number", **asdict(self)}


@dataclass(frozen=True, slots=True)
class CategoryColumn:
    """A column of text: one input per level, 1 for the row's own level and 0 for the others.

    A level that the training part does not hold is 0 everywhere.

    Attributes:
        name: The column's name in the table.
        levels: The values found in the training part, sorted; `missing` stands for missing ones.
    """

    name: str
    levels: tuple[str, ...]

    def encode(self, series: pd.Series[Any]) -> NDArray[np.float64]:
        """The column as (N, number of levels) zeros and ones."""
        found = texts_in(series)
        # Unknown levels are made missing, which get_dummies turns to zeros.
        known = pd.Categorical(found.where(found.isin(self.levels)), categories=list(self.levels))
        return pd.get_dummies(known, dtype=float).to_numpy()

    def to_dict(self) -> dict[str, Any]:
        """The column as plain JSON types."""
        return {"kind": "category", "name": self.name, "levels": list(self.levels)}


Column: TypeAlias = NumberColumn | CategoryColumn


def column_from_dict(record: Mapping[str, Any]) -> Column:
    """The column that `to_dict` wrote."""
    if record["kind"] == "category":
        return CategoryColumn(record["name"], tuple(record["levels"]))
    numbers = {key: float(record[key]) for key in ("fill", "shift", "scale")}
    return NumberColumn(record["name"], **numbers)
