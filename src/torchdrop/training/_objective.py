"""What is minimized and what is measured: cross-entropy with accuracy, or mean squared error."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ..data import Part, Task
from ..modes import evaluating

_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Score:
    """How a model does on some rows, in evaluation mode.

    Attributes:
        loss: Mean loss per row.
        accuracy: Share of rows classified correctly, in [0, 1]; `None` in regression.
    """

    loss: float
    accuracy: float | None


@dataclass(frozen=True, slots=True)
class Objective:
    """Loss and scores of a task.

    Attributes:
        task: `classification` (cross-entropy of logits) or `regression` (mean squared error).
    """

    task: Task

    def loss(self, output: Tensor, target: Tensor) -> Tensor:
        """Mean loss per row.

        Args:
            output: Logits `(N, classes)`, or predictions `(N,)` or `(N, 1)`.
            target: Class numbers `(N,)`, or values `(N,)`.

        Returns:
            A scalar.
        """
        if self.task == "classification":
            return F.cross_entropy(output, target)
        return F.mse_loss(output.reshape(target.shape), target)

    def losses(self, outputs: Tensor, targets: Tensor) -> Tensor:
        """Mean loss per row of each member of a stack.

        Args:
            outputs: `(M, N, classes)`, or predictions `(M, N)` or `(M, N, 1)`.
            targets: Class numbers or values, `(M, N)`.

        Returns:
            Shape `(M,)`.
        """
        if self.task == "classification":
            rows = F.cross_entropy(outputs.flatten(0, 1), targets.flatten(), reduction="none")
        else:
            rows = F.mse_loss(outputs.reshape(targets.shape), targets, reduction="none")
        return rows.reshape(targets.shape).mean(dim=1)

    def score(self, model: nn.Module, part: Part) -> Score:
        """Measure the model on all rows of `part`, in evaluation mode and without gradients."""
        loss, correct = 0.0, 0
        with evaluating(model), torch.no_grad():
            for start in range(0, len(part), _CHUNK):
                rows = slice(start, start + _CHUNK)
                output, target = model(part.x[rows]), part.y[rows]
                loss += self.loss(output, target).item() * len(target)
                if self.task == "classification":
                    correct += int((output.argmax(dim=1) == target).sum())
        accuracy = correct / len(part) if self.task == "classification" else None
        return Score(loss / len(part), accuracy)
