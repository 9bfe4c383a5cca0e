"""Data cut into blocks of rows by their index, however it was batched before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, IterableDataset

from ..errors import DataError

Data: TypeAlias = "Tensor | DataLoader[Any] | Dataset[Any]"
Inputs: TypeAlias = Tensor | Mapping[str, Tensor]

_PAIR = 2


@dataclass(frozen=True, slots=True)
class Block:
    """Rows that go through the model together.

    Attributes:
        number: From 0.
        inputs: One tensor, or tensors by the names of the model's arguments; rows come first.
        targets: Of the rows; `None` where the data have none.
        rows: How many of them are data: the rest repeats the last one.
    """

    number: int
    inputs: Inputs
    targets: Tensor | None
    rows: int


def cut(data: Data, size: int, *, fill: bool) -> Iterator[Block]:
    """Cut data into blocks.

    Args:
        data: A tensor with rows along its first axis; a data set; or a loader, of which the data
            set, the collation and the workers are taken, not the order and the batches.
        size: Rows of a block.
        fill: Whether the last block is filled up, so that all have one size.

    Yields:
        The blocks, in the order of the rows.

    Raises:
        DataError: If there is no row, or a batch is neither inputs, nor inputs and targets.
    """
    number = -1
    for number, batch in enumerate(_batches(data, size)):
        inputs, targets = _parts(batch)
        rows = _count(inputs)
        if fill and rows < size:
            inputs = _filled(inputs, size)
        yield Block(number, inputs, targets, rows)
    if number < 0:
        raise DataError("There are no rows to predict.")


def size_of(data: Data) -> int | None:
    """Count the rows; `None` where that takes reading them."""
    if isinstance(data, Tensor):
        return len(data)
    source = data.dataset if isinstance(data, DataLoader) else data
    return len(source) if isinstance(source, Sized) else None


def several(inputs: Inputs, copies: int) -> Inputs:
    """Put copies of all rows one behind the other."""
    if isinstance(inputs, Tensor):
        return repeated(inputs, copies)
    return {name: repeated(x, copies) for name, x in inputs.items()}


def repeated(x: Tensor, copies: int) -> Tensor:
    """Put copies of a tensor one behind the other, along its first axis."""
    return x.repeat(copies, *(1 for _ in x.shape[1:]))


def moved(inputs: Inputs, model: nn.Module) -> Inputs:
    """Bring inputs to the device of a model."""
    held = next((x.device for x in (*model.parameters(), *model.buffers())), None)
    if held is None:
        return inputs
    if isinstance(inputs, Mapping):
        return {name: x.to(held) for name, x in inputs.items()}
    return inputs.to(held)


def _batches(data: Data, size: int) -> Iterator[Any]:
    if isinstance(data, Tensor):
        if not data.ndim:
            raise DataError("data have rows along their first axis; got a tensor of no axes.")
        yield from torch.split(data, size) if len(data) else ()
        return
    if isinstance(data, DataLoader):
        yield from _loader(data, size)
        return
    if not isinstance(data, Dataset):
        raise DataError(f"data are a tensor, a Dataset or a DataLoader; got {type(data).__name__}.")
    yield from DataLoader(data, batch_size=size, generator=torch.Generator())


def _loader(data: DataLoader[Any], size: int) -> Iterator[Any]:
    settings: dict[str, Any] = {
        "batch_size": size,
        "collate_fn": data.collate_fn,
        "num_workers": data.num_workers,
        "generator": torch.Generator(),  # else it draws from torch's own
    }
    if data.batch_size is None and data.batch_sampler is None:
        raise DataError(
            "the loader does not batch (batch_size=None), so its rows cannot be counted; "
            "give its data set, or a loader with a batch size."
        )
    if isinstance(data.dataset, IterableDataset):
        settings["num_workers"] = 0  # several workers would mix the order of the rows
    yield from DataLoader(data.dataset, **settings)


def _parts(batch: Any) -> tuple[Inputs, Tensor | None]:
    if isinstance(batch, Tensor):
        return batch, None
    if isinstance(batch, Mapping):
        return _named(batch), None
    if isinstance(batch, Sequence) and not isinstance(batch, str) and 0 < len(batch) <= _PAIR:
        inputs, targets = batch[0], batch[1] if len(batch) == _PAIR else None
        if isinstance(targets, Tensor | None):
            if isinstance(inputs, Tensor):
                return inputs, targets
            if isinstance(inputs, Mapping):
                return _named(inputs), targets
    raise DataError(
        "a batch is inputs, or inputs and targets; inputs are a tensor, or tensors by the names of "
        f"the model's arguments; got {type(batch).__name__}."
    )


def _named(batch: Mapping[Any, Any]) -> Inputs:
    if not batch or not all(isinstance(x, Tensor) and x.ndim for x in batch.values()):
        raise DataError("named inputs are tensors with rows along their first axis.")
    return {str(name): value for name, value in batch.items()}


def _count(inputs: Inputs) -> int:
    counts = {len(inputs)} if isinstance(inputs, Tensor) else {len(x) for x in inputs.values()}
    if len(counts) != 1:
        raise DataError(f"inputs have as many rows as each other; got {sorted(counts)}.")
    return counts.pop()


def _filled(inputs: Inputs, size: int) -> Inputs:
    if isinstance(inputs, Tensor):
        last = inputs[-1:].expand(size - len(inputs), *inputs.shape[1:])
        return torch.cat([inputs, last])
    return {name: _filled(x, size) for name, x in inputs.items()}  # type: ignore[misc]
