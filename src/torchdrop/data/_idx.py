"""The idx format of the MNIST files: a header of sizes, then the bytes."""

from __future__ import annotations

import gzip
import struct
import zlib
from hashlib import md5
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DataError


def find_idx(folder: Path, name: str) -> Path | None:
    """The file of this name in a folder, as it is or gzipped; `None` if there is neither."""
    candidates = (folder / name, folder / f"{name}.gz")
    return next((path for path in candidates if path.is_file()), None)


def read_idx(path: Path, digest: str | None = None) -> NDArray[Any]:
    """Read an idx file of bytes, and check that it is the expected one.

    Args:
        path: The file; decompressed if its name ends in `.gz`.
        digest: MD5 of the decompressed content; `None` checks nothing. It guards against mix-ups
            and damage, not against malice.

    Returns:
        A read-only uint8 array of the shape that the header says.

    Raises:
        DataError: The file is damaged, is another one, or holds no bytes.

    Source:
        Format as in LeCun, Cortes, Burges, *The MNIST database of handwritten digits*: two zero
        bytes, the type (8 = unsigned byte), the number of axes, each axis as a big-endian
        integer of 4 bytes, the values.
    """
    content = _content(path)
    found = md5(content, usedforsecurity=False).hexdigest()
    if digest not in (None, found):
        raise DataError(
            f"{path} should have the MD5 {digest} when decompressed; got {found}, "
            "so it is damaged or belongs to another data set: get it again."
        )
    return _parse(content, path)


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    try:
        return gzip.decompress(content) if path.suffix == ".gz" else content
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be decompressed ({error}); get it again.") from error


def _parse(content: bytes, path: Path) -> NDArray[Any]:
    axes = content[3] if content[:3] == b"\x00\x00\x08" and len(content) > 3 else 0
    start = 4 + 4 * axes
    if axes == 0 or len(content) < start:
        raise DataError(f"{path} is not an idx file of bytes; get it again.")
    shape = struct.unpack(f">{axes}I", content[4:start])
    values = np.frombuffer(content, dtype=np.uint8, offset=start)
    if values.size != np.prod(shape):
        raise DataError(
            f"{path} should hold {shape} values; got {values.size}, so it is damaged: get it again."
        )
    return values.reshape(shape)
