"""Arrays -> a data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import torch
from numpy.typing import NDArray
from torch import Tensor

from ._array_encoder import ArrayEncoder
from ._arrays import Arrays
from ._dataset import Dataset, Part
from ._encoder import Encoder
from ._scaling import TargetScaling
from ._split import Shares, divide, missing_classes
from ._targets import Target, Task, read_target, read_test_target

Values: TypeAlias = NDArray[Any] | Tensor


def from_arrays(
    x: Values,
    y: Values,
    *,
    name: str = "arrays",
    task: Task | None = None,
    seed: int = 0,
    validation: float = 0.2,
    test: float = 0.2,
    x_test: Values | None = None,
    y_test: Values | None = None,
) -> Dataset:
    """Divide arrays or tensors into training, validation and test parts.

    The numbers are left as they are, inputs and regression targets alike: scale them before if
    they need it. The parts are stratified by class in classification.

    Args:
        x: Inputs (N, *), any numbers; they become float32.
        y: Targets (N,) or (N, 1). Integers, booleans and text are classes; floats are numbers to
            predict.
        name: What to call the data in reports.
        task: Overrides what the type of `y` says.
        seed: Seed of the shuffling.
        validation: Share for validation of those rows of `x` that are not for the test.
        test: Share of the rows of `x` for the test; not used if `x_test` is given.
        x_test: Inputs of a test part of your own, raw rows of the same shape.
        y_test: Targets of that test part; classes must be among those of `y`.

    Returns:
        The data, on the CPU.

    Raises:
        SettingError: A share, the seed or the task is out of range.
        DataError: The arrays do not fit together, hold NaN, infinities or text, or have too few
            rows of a class.

    Example:
        >>> x, y = torch.arange(20.0).reshape(10, 2), torch.arange(10) % 2
        >>> data = from_arrays(x, y)
        >>> len(data.train), len(data.validation), len(data.test), data.classes
        (6, 2, 2, ('0', '1'))
    """
    arrays = Arrays.checked(x, y, x_test, y_test)
    target = read_target(arrays.y, task)
    shares = Shares(seed, validation, test)
    identity = ArrayEncoder.identity(arrays.x.shape[1:])
    return assemble(name, arrays, target, shares, lambda _: identity)


def from_raw_arrays(name: str, arrays: Arrays, shares: Shares, task: Task | None) -> Dataset:
    """Divide and scale raw arrays: the inputs, and the targets in regression."""
    return assemble(name, arrays, read_target(arrays.y, task), shares, ArrayEncoder.fitted, True)


def assemble(
    name: str,
    arrays: Arrays,
    target: Target,
    shares: Shares,
    fit: Callable[[NDArray[Any]], ArrayEncoder],
    scale_target: bool = False,
) -> Dataset:
    """Divide arrays, fit an encoder on the training part, and encode all parts with it."""
    division = divide(target, shares, own_test=arrays.x_test is not None)
    encoder = fit(arrays.x[division.train])
    if scale_target and target.task == "regression":
        scaling = TargetScaling.fitted(target.values[division.train])
        encoder = replace(encoder, target_scaling=scaling)

    notes = missing_classes(target, division.validation, "validation")
    if arrays.x_test is None or arrays.y_test is None:
        test = part(encoder, arrays.x[division.test], target, target.values[division.test])
        notes += missing_classes(target, division.test, "test")
    else:
        test = part(encoder, arrays.x_test, target, read_test_target(arrays.y_test, target))
    return Dataset(
        name=name,
        task=target.task,
        train=part(encoder, arrays.x[division.train], target, target.values[division.train]),
        validation=part(
            encoder, arrays.x[division.validation], target, target.values[division.validation]
        ),
        test=test,
        classes=target.classes,
        encoder=encoder,
        notes=notes,
    )


def part(encoder: Encoder, raw: Any, target: Target, values: NDArray[Any]) -> Part:
    """Encode rows and their targets."""
    is_class = target.task == "classification"
    y = torch.from_numpy(values) if is_class else encoder.target_scaling.encode(values)
    return Part(encoder.encode(raw), y)
