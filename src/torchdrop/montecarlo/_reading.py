"""What a model's outputs and a data set's targets mean."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import torch
from torch import Tensor

from ..errors import DataError, ModelError, SettingError
from ._prediction import Task

TaskChoice: TypeAlias = Literal["auto", "classification", "regression"]
Outputs: TypeAlias = Callable[[Any], Tensor]

_TABLE = 2


def task_of(choice: TaskChoice, targets: Tensor | None) -> Task:
    """Decide what is predicted.

    Args:
        choice: What was asked for; `auto` looks at the targets.
        targets: Of some rows; `None` if the data hold none.

    Returns:
        The task.

    Raises:
        SettingError: If it cannot be told.
    """
    if choice not in ("auto", "classification", "regression"):
        raise SettingError(f"task is 'auto', 'classification' or 'regression'; got {choice!r}.")
    if choice != "auto":
        return choice
    if targets is None:
        raise SettingError(
            "the data hold no targets to tell the task by; "
            "give task='classification' or task='regression'."
        )
    return "regression" if targets.is_floating_point() else "classification"


def reader(task: Task, outputs: Outputs | None) -> Callable[[Any], Tensor]:
    """Make the function that gives values of shape `(N, C)` from what a model returns.

    Args:
        task: What is predicted. A classifier returns logits: of each class, or one number for two
            classes.
        outputs: Picks the tensor out of the model's result; `None` if that is one.

    Returns:
        The function; it raises `ModelError` for a result of another form.
    """

    def read(result: Any) -> Tensor:
        values = outputs(result) if outputs else result
        if not isinstance(values, Tensor):
            raise ModelError(
                f"the model returns {type(values).__name__}, not a tensor; give outputs=, a "
                "function that picks the tensor, such as `lambda result: result.logits`."
            )
        values = values.detach().to("cpu", torch.float64)
        values = values[:, None] if values.ndim == 1 else values
        if values.ndim != _TABLE:
            raise ModelError(
                "the model returns a row of values for each row of data; "
                f"got the shape {tuple(values.shape)}."
            )
        if task == "regression":
            return values
        if values.shape[1] == 1:
            return torch.cat([torch.sigmoid(-values), torch.sigmoid(values)], dim=1)
        return values.softmax(1)

    return read


def fitting(targets: Tensor, values: Tensor, task: Task) -> Tensor:
    """Bring targets into the form of the values that they are compared with.

    Args:
        targets: Of some rows.
        values: Shape `(N, C)`.
        task: What they are.

    Returns:
        Classes, int64, shape `(N,)`; or float64 of shape `(N, C)`.

    Raises:
        DataError: If they do not fit.
    """
    targets = targets.detach().cpu()
    if task == "regression":
        targets = targets.to(torch.float64).reshape(len(targets), -1)
        if targets.shape != values.shape:
            raise DataError(
                f"targets have the shape {tuple(targets.shape)}, "
                f"the model's values {tuple(values.shape)}."
            )
        return targets
    if targets.is_floating_point() or targets.ndim != 1:
        raise DataError(
            "targets of a classification are whole numbers, one for each row; "
            f"got {targets.dtype} of shape {tuple(targets.shape)}."
        )
    if len(targets) and not 0 <= int(targets.min()) <= int(targets.max()) < values.shape[1]:
        raise DataError(
            f"classes are from 0 to {values.shape[1] - 1}, as the model has "
            f"{values.shape[1]}; got {int(targets.min())} to {int(targets.max())}."
        )
    return targets.to(torch.int64)
