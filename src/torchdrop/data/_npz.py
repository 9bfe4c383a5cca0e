"""NumPy's .npz files."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError
from ._arrays import Arrays
from ._checks import listed

WITH_TEST = ("x_train", "y_train", "x_test", "y_test")
WITHOUT_TEST = ("x", "y")


def read_npz(path: Path, name: str) -> dict[str, NDArray[Any]]:
    """Read all arrays of an .npz file; `DataError` if it is damaged or holds Python objects."""
    try:
        # Looked at before numpy does, which also takes other formats, and leaves bad files open.
        if not zipfile.is_zipfile(path):
            raise zipfile.BadZipFile
        # Pickled objects could run code.
        with np.load(path, allow_pickle=False) as arrays:
            return {key: arrays[key] for key in arrays.files}
    except (OSError, EOFError, ValueError, zlib.error, zipfile.BadZipFile) as error:
        # NumPy's own message would advise to unpickle.
        raise DataError(
            f"{name} is not a readable .npz file of plain arrays; write it again with numpy.savez."
        ) from error


def arrays_of(found: dict[str, NDArray[Any]], name: str) -> Arrays:
    """The arrays to learn from; `DataError` if the keys are not the expected ones."""
    for keys in (WITH_TEST, WITHOUT_TEST):
        if all(key in found for key in keys):
            return Arrays.checked(*(found[key] for key in keys))
    raise DataError(
        f"{name} must hold {listed(WITHOUT_TEST)}, or {listed(WITH_TEST)}; "
        f"it holds {listed(found) or 'nothing'}, so rename the arrays."
    )


def features_of(found: dict[str, NDArray[Any]], name: str) -> NDArray[Any]:
    """The rows to predict for: `x`, or else `x_test`."""
    for key in ("x", "x_test"):
        if key in found:
            return found[key]
    raise DataError(
        f"{name} must hold 'x' or 'x_test' to predict for; "
        f"it holds {listed(found) or 'nothing'}, so rename the array."
    )
