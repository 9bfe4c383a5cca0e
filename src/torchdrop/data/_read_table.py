"""CSV and Parquet files -> pandas tables."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

from ..errors import DataError
from ._checks import listed
from ._columns import typed


def read_table(path: Path, text_columns: Iterable[str] = ()) -> pd.DataFrame:
    """Read a table, with pandas' types that know missing values.

    Args:
        path: A .csv file (comma-separated, with a header; empty, `NA`, `NaN`, `null`, `?` and the
            like are missing values) or a .parquet file.
        text_columns: Columns of a .csv that are text even if all their values look like numbers.

    Returns:
        The table, rows numbered from 0.

    Raises:
        DataError: The file is damaged or has no rows.
    """
    try:
        table = (
            _read_parquet(path)
            if path.suffix.lower() == ".parquet"
            else _read_csv(path, text_columns)
        )
    except (ValueError, OSError, OverflowError, pd.errors.ParserWarning) as error:
        reason = str(error).strip().splitlines()[0].rstrip(".")
        raise DataError(
            f"{path} cannot be read as {path.suffix.lower()} ({reason}); write it again."
        ) from error
    if len(table.columns) == 1 and any(mark in str(table.columns[0]) for mark in ";\t"):
        raise DataError(
            f"{path} must be separated by commas; its header is {listed(table.columns)}, "
            "so save it with commas."
        )
    if table.empty:
        raise DataError(f"{path} has no rows; give a table that has some.")
    return typed(table)


def _read_parquet(path: Path) -> pd.DataFrame:
    table: pd.DataFrame = pd.read_parquet(path).reset_index(drop=True)
    table.columns = table.columns.astype(str)
    return table


def _read_csv(path: Path, text_columns: Iterable[str]) -> pd.DataFrame:
    with warnings.catch_warnings():
        # pandas only warns of rows with more fields than the header has names.
        warnings.simplefilter("error", pd.errors.ParserWarning)
        return pd.read_csv(
            path,
            na_values=["?"],
            skipinitialspace=True,
            low_memory=False,
            # Otherwise a surplus first field becomes the index, and all names shift by one.
            index_col=False,
            dtype=dict.fromkeys(text_columns, "string"),
        )
