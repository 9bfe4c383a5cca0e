"""Which columns of a table are learned from, and how: judged by the training part alone."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from ..errors import DataError
from ._checks import counted
from ._columns import MISSING, CategoryColumn, Column, NumberColumn, kind_of, numbers_in, texts_in
from ._scaling import standardization
from ._split import Rows

Notes: TypeAlias = tuple[str, ...]

MOST_LEVELS = 100
# Fewer rows than this may all differ by chance.
FEWEST_ROWS_OF_AN_ID = 10


def fit_columns(table: pd.DataFrame, train: Rows) -> tuple[tuple[Column, ...], Notes]:
    """Fit an encoder to each column.

    Args:
        table: The inputs of all rows, without the target.
        train: Rows of the training part; no other row affects the encoders.

    Returns:
        The columns that can be learned from, and notes on what was filled in or left out.

    Raises:
        DataError: A column holds neither numbers nor a small set of texts, or none is of use.
    """
    columns: list[Column] = []
    notes: Notes = ()
    for name in table.columns:
        column, note = _fit_column(table[name], train)
        notes += note
        if column is not None:
            columns.append(column)
    if not columns:
        raise DataError(
            "No column besides the target differs from row to row in the training part; "
            "give a table with columns to learn from."
        )
    return tuple(columns), notes


def _fit_column(series: pd.Series[Any], train: Rows) -> tuple[Column | None, Notes]:
    reason = _useless(series.iloc[train])
    if reason:
        return None, (f"column {series.name}: left out, {reason}.",)
    if kind_of(series) == "number":
        return _fit_numbers(series, train)
    return _fit_category(series, train)


def _useless(series: pd.Series[Any]) -> str | None:
    """Why nothing can be learned from a column's training rows, if that is so."""
    if series.isna().all():
        return "every value is missing in the training part"
    is_number = kind_of(series) == "number"
    if is_number and str(series.name).startswith("Unnamed:"):
        # Most often saved row numbers, which tell the target if the table is sorted by it.
        return "numbers without a name in the header"
    # Text differs between missing and not; in numbers the missing ones are filled in.
    return "constant in the training part" if series.nunique(dropna=is_number) == 1 else None


def _fit_numbers(series: pd.Series[Any], train: Rows) -> tuple[Column, Notes]:
    values = numbers_in(series)
    fill = float(np.nanmedian(values[train]))
    filled = np.where(np.isnan(values), fill, values)
    (shift,), (scale,) = standardization(filled[train].reshape(-1, 1))
    note = f"set to the training median {fill:g}."
    notes = _note(series, int(np.isnan(values).sum()), "missing value", note)
    return NumberColumn(str(series.name), fill, shift, scale), notes


def _fit_category(series: pd.Series[Any], train: Rows) -> tuple[Column, Notes]:
    texts = texts_in(series.iloc[train])
    levels = tuple(sorted(str(level) for level in texts.unique()))
    if len(levels) > MOST_LEVELS or len(levels) == len(texts) > FEWEST_ROWS_OF_AN_ID:
        raise _too_many_levels(series, len(levels), len(texts))
    zeros = "absent from the training part, set to 0 in every level."
    kept = "kept as a level of their own." if MISSING in levels else zeros
    unknown = int((~texts_in(series).isin([*levels, MISSING])).sum())
    notes = _note(series, int(series.isna().sum()), "missing value", kept)
    notes += _note(series, unknown, "value", zeros)
    return CategoryColumn(str(series.name), levels), notes


def _note(series: pd.Series[Any], count: int, noun: str, text: str) -> Notes:
    return (f"column {series.name}: {counted(count, noun)} {text}",) if count else ()


def _too_many_levels(series: pd.Series[Any], count: int, rows: int) -> DataError:
    texts = series.dropna().astype("string")
    is_number = pd.to_numeric(texts, errors="coerce").notna()
    if 0.5 < is_number.mean() < 1:
        return DataError(
            f"Column {str(series.name)!r} holds text among its numbers, such as "
            f"{str(texts[~is_number].iloc[0])!r}; correct these values or leave them empty."
        )
    return DataError(
        f"Column {str(series.name)!r} holds {count} different texts in {rows} training rows, too "
        f"many for categories (at most {MOST_LEVELS}, and not all different); "
        "leave the column out of the table."
    )
