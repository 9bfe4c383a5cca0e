from pathlib import Path

import numpy as np
import pytest

from torchdrop.data._npz import arrays_of, features_of, read_npz
from torchdrop.errors import DataError

X, Y = np.ones((6, 2)), np.arange(6) % 2


def test_both_sets_of_keys_are_understood() -> None:
    assert arrays_of({"x": X, "y": Y}, "f").x_test is None
    full = arrays_of({"x_train": X, "y_train": Y, "x_test": X[:1], "y_test": Y[:1]}, "f")
    assert full.x_test is not None
    assert len(full.x_test) == 1


def test_other_keys_are_refused_and_listed() -> None:
    with pytest.raises(DataError, match=r"must hold 'x', 'y', or 'x_train', .* it holds 'x', 'z'"):
        arrays_of({"x": X, "z": Y}, "f")
    with pytest.raises(DataError, match=r"must hold 'x' or 'x_test' .* it holds nothing"):
        features_of({}, "f")


def test_pickled_objects_are_not_loaded(tmp_path: Path) -> None:
    np.savez(tmp_path / "o.npz", x=np.array([{}], dtype=object))
    with pytest.raises(DataError, match=r"not a readable \.npz file of plain arrays"):
        read_npz(tmp_path / "o.npz", "o.npz")


@pytest.mark.parametrize("content", [b"", b"text", b"PK\x03\x04 damaged"])
def test_damaged_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "d.npz").write_bytes(content)
    with pytest.raises(DataError, match=r"not a readable \.npz"):
        read_npz(tmp_path / "d.npz", "d.npz")


def test_a_single_array_is_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", X)
    (tmp_path / "a.npy").rename(tmp_path / "a.npz")
    with pytest.raises(DataError, match=r"not a readable \.npz"):
        read_npz(tmp_path / "a.npz", "a.npz")
