"""An encoder of either kind, and how it comes back from JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from ..errors import DataError
from ._array_encoder import ArrayEncoder
from ._table_encoder import TableEncoder

Encoder: TypeAlias = TableEncoder | ArrayEncoder


def encoder_from_dict(record: Mapping[str, Any]) -> Encoder:
    """Make the encoder whose `to_dict` gave this record.

    Args:
        record: Plain JSON types, such as `json.load` returns.

    Returns:
        An encoder equal to the one that was written.

    Raises:
        DataError: The record was not written by an encoder.

    Example:
        >>> from torchdrop.data import ArrayEncoder
        >>> encoder = ArrayEncoder(shift=(0.0,), scale=(255.0,), shape=(28, 28))
        >>> encoder_from_dict(encoder.to_dict()) == encoder
        True
    """
    kinds: dict[str, type[TableEncoder] | type[ArrayEncoder]]
    kinds = {"table": TableEncoder, "array": ArrayEncoder}
    try:
        return kinds[record["kind"]].from_dict(record)
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(
            f"An encoder's record must be what its to_dict() wrote; reading it failed at {error}, "
            "so write it again."
        ) from error
