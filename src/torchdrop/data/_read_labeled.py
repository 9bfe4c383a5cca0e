"""A name or a file -> inputs for a trained model, and the targets beside them if there are some."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..errors import DataError
from ._builtin import FULL_INK, read_builtin
from ._checks import check_numbers, listed
from ._columns import CategoryColumn, numbers_in
from ._encoder import Encoder
from ._features import read_features
from ._load import check_source, is_table
from ._npz import read_npz
from ._read_table import read_table
from ._table_encoder import TableEncoder
from ._targets import _labels


def read_labeled(
    source: str | os.PathLike[str],
    encoder: Encoder,
    classes: Sequence[str],
    *,
    data_dir: str | os.PathLike[str] | None = None,
) -> tuple[Tensor, Tensor | None]:
    """Read rows to predict for, as `read_features` does, and their targets.

    Args:
        source: As there; targets are the column that was predicted in training, `y` beside `x` of
            an .npz file, `y_test` beside `x_test`, or those of a built-in data set.
        encoder: The encoder of the data that the model was trained on.
        classes: Names of the classes, by class number; empty in regression.
        data_dir: Folder with the files of mnist or fashion-mnist; not used otherwise.

    Returns:
        Inputs (N, *), float32; and targets (N,): class numbers, int64, -1 where the target is
        missing; or numbers in the user's unit, float64, NaN where it is missing. `None` in place of
        targets if there are none, or all are missing.

    Raises:
        DataError: As `read_features`; or the targets hold a class that is not among `classes`, text
            or infinite values in place of numbers, or are not one for each row.

    Example:
        >>> from torchdrop.data import load
        >>> digits = load("digits").flattened()
        >>> x, y = read_labeled("digits", digits.encoder, digits.classes)
        >>> x.shape, torch.equal(y, digits.test.y)
        (torch.Size([1797, 64]), True)
    """
    name = check_source(source)
    if isinstance(encoder, TableEncoder) and is_table(name):
        table = read_table(Path(name), _texts(encoder, classes))
        x = encoder.encode(table)
        found = _column(table, encoder.target, classes)
        what = f"Column {encoder.target!r}"
    else:
        x = read_features(name, encoder, data_dir=data_dir)
        found, what = _array(name, data_dir), "y"
        if found is not None and found.shape != (len(x),):
            raise DataError(
                f"y must hold one target per row, shape ({len(x)},); got shape {found.shape}."
            )
    if found is None or pd.isna(found).all():
        return x, None
    return x, torch.from_numpy(_numbers(found, what, classes))


def _texts(encoder: TableEncoder, classes: Sequence[str]) -> list[str]:
    """Columns to read as text: a target too, if its classes are no numbers and no booleans."""
    names = [column.name for column in encoder.columns if isinstance(column, CategoryColumn)]
    natural = pd.to_numeric(pd.Series(list(classes)), errors="coerce").notna().all()
    if classes and not natural and not set(classes) <= {"True", "False"}:
        names.append(encoder.target)
    return names


def _column(table: pd.DataFrame, target: str, classes: Sequence[str]) -> NDArray[Any] | None:
    if target not in table.columns:
        return None
    if not classes:
        return numbers_in(table[target])
    return table[target].astype("string").to_numpy(dtype=object)


def _array(name: str, data_dir: str | os.PathLike[str] | None) -> NDArray[Any] | None:
    if name in FULL_INK:
        arrays = read_builtin(name, data_dir)
        return arrays.y if arrays.y_test is None else arrays.y_test
    held = read_npz(Path(name), name)
    found = held.get("y" if "x" in held else "y_test")
    return found[:, 0] if found is not None and found.shape[1:] == (1,) else found


def _numbers(found: NDArray[Any], what: str, classes: Sequence[str]) -> NDArray[Any]:
    """Class numbers with -1, or numbers with NaN, where the target is missing."""
    known = ~pd.isna(found)
    if not classes:
        check_numbers(found[known], what)
        return found.astype(np.float64)
    names = [str(label) for label in _labels(found[known])]
    codes = np.full(len(found), -1, dtype=np.int64)
    codes[known] = pd.Index(list(classes)).get_indexer(pd.Index(names))
    if (codes[known] < 0).any():
        unknown = sorted({name for name in names if name not in classes})
        raise DataError(
            f"{what} holds {listed(unknown)}, which the model does not know; its classes are "
            f"{listed(classes)}: correct these values, or leave them empty to predict without."
        )
    return codes
