"""A table -> a data set."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import DataError, SettingError
from ._checks import counted, did_you_mean, listed
from ._columns import kind_of, numbers_in
from ._dataset import Dataset, Part
from ._fit_columns import fit_columns
from ._from_arrays import part
from ._scaling import TargetScaling
from ._split import Rows, Shares, divide, missing_classes
from ._table_encoder import TableEncoder
from ._targets import Task, read_target

MOST_CLASSES = 20


def dataset_from_table(
    name: str, table: pd.DataFrame, target: str | None, shares: Shares, task: Task | None
) -> Dataset:
    """Divide a table, fit an encoder on the training part, and encode all parts with it."""
    target = check_target(target, table)
    table, notes = _with_target(table, target)
    chosen, why = (task, ()) if task else infer_task(table[target])
    values = read_target(_target_values(table[target], chosen), chosen)
    division = divide(values, shares, own_test=False)

    inputs = table.drop(columns=target)
    columns, column_notes = fit_columns(inputs, division.train)
    scaling = TargetScaling()
    if chosen == "regression":
        scaling = TargetScaling.fitted(values.values[division.train])
    encoder = TableEncoder(columns, target, scaling)

    def rows(numbers: Rows) -> Part:
        return part(encoder, inputs.iloc[numbers], values, values.values[numbers])

    return Dataset(
        name=name,
        task=chosen,
        train=rows(division.train),
        validation=rows(division.validation),
        test=rows(division.test),
        classes=values.classes,
        encoder=encoder,
        notes=(
            *notes,
            *why,
            *_copies(table),
            *column_notes,
            *missing_classes(values, division.validation, "validation"),
            *missing_classes(values, division.test, "test"),
        ),
    )


def check_target(target: str | None, table: pd.DataFrame) -> str:
    """The name of the target column; `SettingError` if there is no such column."""
    if target is None:
        raise SettingError(
            f"A table needs target, the column to predict; none was given, "
            f"so choose one of {listed(table.columns)}."
        )
    if target not in table.columns:
        raise SettingError(
            f"target must be a column of the table; got {target!r}"
            f"{did_you_mean(target, table.columns)}, so choose one of {listed(table.columns)}."
        )
    return target


def infer_task(series: pd.Series[Any]) -> tuple[Task, tuple[str, ...]]:
    """Whether a target is a class or a number, and a note if numbers leave room for doubt."""
    if kind_of(series) == "text" or pd.api.types.is_bool_dtype(series.dtype):
        return "classification", ()
    # Whole numbers arrive as integers, 1.0 and 2.0 too.
    distinct = series.nunique()
    if pd.api.types.is_integer_dtype(series.dtype) and distinct <= MOST_CLASSES:
        return "classification", (
            f"target {series.name}: {distinct} different whole numbers are taken for classes; "
            "give task='regression' if they are amounts.",
        )
    return "regression", ()


def _with_target(table: pd.DataFrame, target: str) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """The rows whose target is known, and a note about the others."""
    known = table[table[target].notna()].reset_index(drop=True)
    lost = len(table) - len(known)
    if known.empty:
        raise DataError(f"Column {target!r} has no value in any row; choose another target.")
    note = f"target {target}: {counted(lost, 'row')} left out, where it is missing."
    return known, (note,) if lost else ()


def _target_values(series: pd.Series[Any], task: Task) -> NDArray[Any]:
    if task == "regression":
        return numbers_in(series)
    if pd.api.types.is_integer_dtype(series.dtype):
        return series.to_numpy(dtype=np.int64)
    return series.astype("string").to_numpy(dtype=np.str_)


def _copies(table: pd.DataFrame) -> tuple[str, ...]:
    """A note about equal rows, since a copy in the test part was seen in training."""
    count = int(table.duplicated().sum())
    note = "that repeat an earlier row; copies may lie in the training and the test part both."
    return (f"There are {counted(count, 'row')} {note}",) if count else ()
