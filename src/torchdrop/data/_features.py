"""A name or a file -> inputs for a trained model."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from ..errors import DataError, SettingError
from ._array_encoder import ArrayEncoder
from ._builtin import FULL_INK, read_builtin
from ._columns import CategoryColumn
from ._encoder import Encoder
from ._load import check_source, is_table
from ._npz import features_of, read_npz
from ._read_table import read_table
from ._table_encoder import TableEncoder


def read_features(
    source: str | os.PathLike[str],
    encoder: Encoder,
    *,
    data_dir: str | os.PathLike[str] | None = None,
    target: str | None = None,
) -> Tensor:
    """Read rows to predict for, and encode them as the training rows were.

    Args:
        source: A table with the columns trained on, others are ignored; an .npz file with `x` or
            `x_test`; or a name such as `"digits"`, for its test images.
        encoder: The encoder of the data that the model was trained on.
        data_dir: Folder with the files of mnist or fashion-mnist; not used otherwise.
        target: Column that the model predicts, as a check that it is the right model; the table
            need not have it, and its values are not read.

    Returns:
        Inputs (N, *), float32, on the CPU.

    Raises:
        SettingError: The model predicts another column than `target`.
        DataError: The source cannot be read, lacks columns, or is of another kind or shape than
            the data trained on.

    Example:
        >>> from torchdrop.data import load
        >>> read_features("digits", load("digits").flattened().encoder).shape
        torch.Size([1797, 64])
    """
    name = check_source(source)
    if isinstance(encoder, TableEncoder):
        return _table_features(name, encoder, target)
    return _array_features(name, encoder, data_dir, target)


def _table_features(name: str, encoder: TableEncoder, target: str | None) -> Tensor:
    if target not in (None, encoder.target):
        raise SettingError(
            f"The model predicts the column {encoder.target!r}; got target {target!r}, "
            "so leave it out or take another model."
        )
    if not is_table(name):
        raise DataError(f"The model was trained on a table; got {name}, so give a table.")
    texts = [column.name for column in encoder.columns if isinstance(column, CategoryColumn)]
    return encoder.encode(read_table(Path(name), texts))


def _array_features(
    name: str,
    encoder: ArrayEncoder,
    data_dir: str | os.PathLike[str] | None,
    target: str | None,
) -> Tensor:
    if is_table(name):
        raise DataError(
            f"The model was trained on arrays with rows of shape {encoder.shape}; "
            f"got the table {name}, so give an .npz file."
        )
    if target is not None:
        raise SettingError(
            f"target is a column of a table; got {target!r}, but the model was trained on arrays, "
            "so leave it out."
        )
    return encoder.encode(_raw_rows(name, data_dir))


def _raw_rows(name: str, data_dir: str | os.PathLike[str] | None) -> NDArray[Any]:
    if name not in FULL_INK:
        return features_of(read_npz(Path(name), name), name)
    arrays = read_builtin(name, data_dir)
    return arrays.x if arrays.x_test is None else arrays.x_test
