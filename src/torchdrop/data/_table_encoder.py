"""Raw tables -> the tensors a model was trained on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import torch
from torch import Tensor

from ..errors import DataError
from ._checks import listed
from ._columns import Column, column_from_dict, typed
from ._scaling import TargetScaling


@dataclass(frozen=True, slots=True)
class TableEncoder:
    """Turns a table to model inputs, column by column.

    Attributes:
        columns: How each column is encoded, in the order of the inputs. Other columns of a table
            are ignored.
        target: Name of the column that is predicted. A table to be encoded need not have it.
        target_scaling: How a regression target was scaled.

    Example:
        >>> from torchdrop.data import CategoryColumn, NumberColumn
        >>> age = NumberColumn("age", fill=40.0, shift=40.0, scale=10.0)
        >>> city = CategoryColumn("city", levels=("Oslo", "Rome"))
        >>> encoder = TableEncoder((age, city), target="income")
        >>> encoder.encode(pd.DataFrame({"age": [50, None], "city": ["Rome", "Lima"]}))
        tensor([[1., 0., 1.],
                [0., 0., 0.]])
    """

    columns: tuple[Column, ...]
    target: str
    target_scaling: TargetScaling = field(default_factory=TargetScaling)

    def flattened(self) -> TableEncoder:
        """The encoder itself, since its rows are flat."""
        return self

    def encode(self, raw: pd.DataFrame) -> Tensor:
        """Turn the rows of a table to model inputs.

        Args:
            raw: A table with at least the encoder's columns, values as they were in the file.

        Returns:
            A float32 tensor (N, D); a number is one input, a category one per level.

        Raises:
            DataError: Columns are missing, or one that was trained on as numbers holds text.
        """
        names = [column.name for column in self.columns]
        missing = [name for name in names if name not in raw.columns]
        if missing:
            raise DataError(
                f"The table lacks {listed(missing)}, which the model was trained on; "
                f"it has {listed(raw.columns)}, so add what is missing."
            )
        table = typed(raw[names])
        blocks = [column.encode(table[column.name]) for column in self.columns]
        return torch.from_numpy(np.hstack(blocks).astype(np.float32))

    def decode_target(self, outputs: Tensor) -> Tensor:
        """Put the outputs of a regression model back into the user's units."""
        return self.target_scaling.decode(outputs)

    def to_dict(self) -> dict[str, Any]:
        """The encoder as plain JSON types."""
        return {
            "kind": "table",
            "columns": [column.to_dict() for column in self.columns],
            "target": self.target,
            "target_scaling": self.target_scaling.to_dict(),
        }

    @classmethod
    def from_dict(cls, record: Mapping[str, Any]) -> TableEncoder:
        """The encoder that `to_dict` wrote."""
        return cls(
            columns=tuple(column_from_dict(column) for column in record["columns"]),
            target=str(record["target"]),
            target_scaling=TargetScaling.from_dict(record["target_scaling"]),
        )
