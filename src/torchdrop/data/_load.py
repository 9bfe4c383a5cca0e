"""A name or a file -> a data set."""

from __future__ import annotations

import os
from pathlib import Path

from ..errors import DataError, SettingError
from ._builtin import FULL_INK, pixels, read_builtin
from ._checks import did_you_mean, listed
from ._dataset import Dataset
from ._from_arrays import assemble, from_raw_arrays
from ._npz import arrays_of, read_npz
from ._read_table import read_table
from ._split import Shares
from ._table import dataset_from_table
from ._targets import Task, check_task, read_target

TABLES = (".csv", ".parquet")
SUFFIXES = (*TABLES, ".npz")


def load(
    source: str | os.PathLike[str],
    *,
    target: str | None = None,
    task: Task | None = None,
    data_dir: str | os.PathLike[str] | None = None,
    seed: int = 0,
    validation: float = 0.2,
    test: float = 0.2,
) -> Dataset:
    """Read a data set and make it ready to train on.

    Everything that is fitted (medians, means, deviations, levels) is fitted on the training part.
    In regression the target is standardized as well; `encoder.target_scaling` puts it back.

    Args:
        source: `"digits"`, `"mnist"`, `"fashion-mnist"`, or a path to a .csv, .parquet or .npz
            file.
        target: Column to predict; needed for a table, and for nothing else.
        task: Overrides what the target's values say. In a table, text, booleans and at most 20
            different whole numbers are classes; elsewhere, all but floats are.
        data_dir: Folder with the files of mnist or fashion-mnist; not used otherwise.
        seed: Seed of the shuffling.
        validation: Share for validation of the rows that are not for the test.
        test: Share of the rows for the test; not used by data that bring a test part.

    Returns:
        The data, on the CPU; what was filled in or left out is in `notes`.

    Raises:
        SettingError: The target is no column of the table, or a share, the seed or the task is out
            of range.
        DataError: The file is missing or damaged, or nothing can be learned from it.

    Example:
        >>> digits = load("digits")
        >>> len(digits.train), len(digits.validation), len(digits.test)
        (3058, 765, 1797)
    """
    shares = Shares(seed, validation, test)
    check_task(task)
    name = check_source(source)
    if target is not None and not is_table(name):
        raise SettingError(
            f"target is a column of a table; got {target!r} with {name}, which has none, "
            "so leave it out."
        )
    if name in FULL_INK:
        arrays = read_builtin(name, data_dir)
        return assemble(name, arrays, read_target(arrays.y, task), shares, lambda _: pixels(name))
    path = Path(name)
    if is_table(name):
        return dataset_from_table(path.stem, read_table(path), target, shares, task)
    return from_raw_arrays(path.stem, arrays_of(read_npz(path, name), name), shares, task)


def check_source(source: str | os.PathLike[str]) -> str:
    """The source as a string; `DataError` if it is neither a known name nor a readable file."""
    name = os.fspath(source)
    if name in FULL_INK:
        return name
    path = Path(name)
    if path.suffix.lower() in SUFFIXES:
        if not path.is_file():
            raise DataError(
                f"There is no file {name} in {Path.cwd()}; check the path."
                if not path.is_absolute()
                else f"There is no file {name}; check the path."
            )
        return name
    raise DataError(
        f"Data are one of {listed(FULL_INK)} or a file ending in {', '.join(SUFFIXES)}; "
        f"got {name!r}{did_you_mean(name, FULL_INK)}, so give one of these."
    )


def is_table(name: str) -> bool:
    """Whether a source is a table, by the end of its name."""
    return Path(name).suffix.lower() in TABLES
