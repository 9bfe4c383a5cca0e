"""The data sets that go by a name."""

from __future__ import annotations

import os
from importlib.resources import as_file, files

from ._array_encoder import ArrayEncoder
from ._arrays import Arrays
from ._mnist import FASHION_MNIST, MNIST, read_idx_set
from ._npz import read_npz

# The value of full ink, by which pixels are divided.
FULL_INK = {"digits": 16.0, "mnist": 255.0, "fashion-mnist": 255.0}


def read_builtin(name: str, data_dir: str | os.PathLike[str] | None = None) -> Arrays:
    """Read the raw images of a data set that has a name, with its official test part."""
    if name == "digits":
        return read_digits()
    return read_idx_set(MNIST if name == "mnist" else FASHION_MNIST, data_dir)


def read_digits() -> Arrays:
    """Read Optical Recognition of Handwritten Digits, which is part of this package.

    Returns:
        3823 images to learn from and 1797 for the test, uint8 (N, 8, 8) from 0 to 16. The test
        images are by other writers.

    Source:
        E. Alpaydin and C. Kaynak, 1998, UCI Machine Learning Repository, DOI 10.24432/C50P49,
        CC BY 4.0.
    """
    with as_file(files(__package__) / "digits" / "optdigits.npz") as path:
        found = read_npz(path, "digits")
    images = {key: found[key].reshape(-1, 8, 8) for key in ("x_train", "x_test")}
    return Arrays.checked(images["x_train"], found["y_train"], images["x_test"], found["y_test"])


def pixels(name: str) -> ArrayEncoder:
    """The encoder of a named data set: no ink is 0, full ink is 1."""
    side = 8 if name == "digits" else 28
    return ArrayEncoder(shift=(0.0,), scale=(FULL_INK[name],), shape=(side, side))
