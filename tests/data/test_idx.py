import gzip
import struct
from hashlib import md5
from pathlib import Path

import numpy as np
import pytest

from torchdrop.data._idx import find_idx, read_idx
from torchdrop.errors import DataError

VALUES = np.arange(12, dtype=np.uint8).reshape(3, 2, 2)
CONTENT = b"\x00\x00\x08\x03" + struct.pack(">3I", 3, 2, 2) + VALUES.tobytes()


@pytest.fixture(params=["images", "images.gz"])
def path(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    path = tmp_path / str(request.param)
    path.write_bytes(gzip.compress(CONTENT, mtime=0) if path.suffix == ".gz" else CONTENT)
    return path


def test_a_file_is_read_raw_or_gzipped(path: Path) -> None:
    assert find_idx(path.parent, "images") == path
    np.testing.assert_array_equal(read_idx(path), VALUES)


def test_the_digest_is_that_of_the_decompressed_content(path: Path) -> None:
    np.testing.assert_array_equal(read_idx(path, md5(CONTENT).hexdigest()), VALUES)


def test_another_file_is_refused(path: Path) -> None:
    with pytest.raises(
        DataError, match=f"should have the MD5 abc .* got {md5(CONTENT).hexdigest()}"
    ):
        read_idx(path, "abc")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (CONTENT[:-1], r"should hold \(3, 2, 2\) values; got 11"),
        (b"\x00\x00\x0d\x01" + CONTENT[4:], "not an idx file of bytes"),
        (CONTENT[:9], "not an idx file of bytes"),
        (b"", "not an idx file of bytes"),
    ],
)
def test_damaged_files_are_refused(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "images").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_idx(tmp_path / "images")


@pytest.mark.parametrize("content", [b"no gzip", gzip.compress(CONTENT, mtime=0)[:-9]])
def test_damaged_gzip_files_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "images.gz").write_bytes(content)
    with pytest.raises(DataError, match="cannot be decompressed"):
        read_idx(tmp_path / "images.gz")
