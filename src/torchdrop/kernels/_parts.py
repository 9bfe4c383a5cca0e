"""Rows and columns of a matrix, taken out and put back: in C where it can, else by torch."""

from __future__ import annotations

import torch
from torch import Tensor

from . import _native
from ._choice import kernel
from ._seeds import is_plain

_ADDED = (torch.float32, torch.float64)


def copy_part(whole: Tensor, rows: Tensor | None, columns: Tensor | None) -> Tensor:
    """Copy rows, and columns of them, outside of autograd.

    Args:
        whole: Of one axis or more; of two or more, if columns are given.
        rows: Numbers along the first axis, int64; `None` for all.
        columns: Numbers along the second axis, int64; `None` for all.

    Returns:
        The part; `whole` itself where it is all.

    Raises:
        IndexError: If a number is outside of its axis; of columns, torch's `RuntimeError`.
    """
    if rows is None and columns is None:
        return whole
    if _suits_native(whole, rows, columns):
        part = whole.new_empty(_shape(whole, rows, columns))
        if _native.take_part_into(whole, part, rows, columns):
            return part
    part = whole if rows is None else whole.index_select(0, rows)
    return part if columns is None else part.index_select(1, columns)


def put_part_(
    whole: Tensor,
    part: Tensor,
    rows: Tensor | None,
    columns: Tensor | None,
    *,
    add: bool = False,
) -> Tensor:
    """Put a part back to its places, outside of autograd.

    Args:
        whole: Of one axis or more; written to.
        part: Of the shape that `copy_part` gives for these numbers.
        rows: As in `copy_part`, different from each other.
        columns: As in `copy_part`, different from each other.
        add: Whether to add to what is there; else all other places become 0.

    Returns:
        `whole`.

    Raises:
        IndexError: If a number is outside of its axis; of columns, torch's `RuntimeError`.
        ValueError: If the part has another shape.
    """
    wanted = _shape(whole, rows, columns)
    if part.shape != wanted:
        raise ValueError(f"a part of these rows and columns is {wanted}; got {tuple(part.shape)}.")
    if (not add or whole.dtype in _ADDED) and _suits_native(whole, rows, columns):
        part = part.to(whole.dtype).contiguous()
        if _native.put_part_into(whole, part, rows, columns, add=add):
            torch.autograd.graph.increment_version(whole)
            return whole
    if columns is not None:
        part = _spread(part, columns, whole.shape[1])
    if rows is None:
        return whole.add_(part) if add else whole.copy_(part)
    return whole.index_add_(0, rows, part) if add else whole.zero_().index_copy_(0, rows, part)


def _shape(whole: Tensor, rows: Tensor | None, columns: Tensor | None) -> tuple[int, ...]:
    height = whole.shape[0] if rows is None else len(rows)
    if columns is None:
        return height, *whole.shape[1:]
    return height, len(columns), *whole.shape[2:]


def _suits_native(whole: Tensor, rows: Tensor | None, columns: Tensor | None) -> bool:
    return (
        kernel().build is not None
        and whole.is_cpu
        and whole.dtype in _native.DTYPES
        and whole.is_contiguous()
        and is_plain(whole)
        and is_list(rows)
        and is_list(columns)
    )


def is_list(numbers: Tensor | None) -> bool:
    """Whether numbers of rows or columns can be read by the native kernel; `None` can."""
    return numbers is None or (
        numbers.dtype is torch.int64 and numbers.is_cpu and numbers.is_contiguous()
    )


def _spread(part: Tensor, columns: Tensor, width: int) -> Tensor:
    """Put columns back to their places, with 0 between them."""
    places = torch.full((width,), len(columns), device=columns.device)
    places[columns] = torch.arange(len(columns), device=columns.device)
    none = part.new_zeros(len(part), 1, *part.shape[2:])
    return torch.cat([part, none], dim=1).index_select(1, places)
