"""The parameters of a stack as rows of one matrix, which is what an optimizer steps.

Vector code does the last few elements of a tensor apart, and may round them in another way. Rows
are filled up to whole vectors, so that a member's step does not depend on who is beside it.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

_VECTOR = 64  # elements; a multiple of what any processor does at once


class StackRows:
    """Parameters of all members, a member a row; one matrix for each dtype.

    Args:
        parameters: By name, of shape `(M, ...)`; they are copied.

    Attributes:
        matrices: Leaf tensors of shape `(M, width)`, to be handed to an optimizer.
        views: The parameters by name, leaf tensors of shape `(M, ...)` on the matrices' memory.
    """

    matrices: list[Tensor]
    views: dict[str, Tensor]

    def __init__(self, parameters: Mapping[str, Tensor]) -> None:
        self._shapes = {name: value.shape[1:] for name, value in parameters.items()}
        self._names: list[list[str]] = []
        self.matrices = []
        for dtype in dict.fromkeys(value.dtype for value in parameters.values()):
            names = [name for name, value in parameters.items() if value.dtype == dtype]
            values = [parameters[name].detach().flatten(1) for name in names]
            width = sum(value.shape[1] for value in values)
            fill = values[0].new_zeros(len(values[0]), -width % _VECTOR)
            self._names.append(names)
            self.matrices.append(torch.cat([*values, fill], dim=1).requires_grad_())
        self.views = self._look()

    def _look(self) -> dict[str, Tensor]:
        """Make the views, each a leaf of its own, so that gradients come to it directly."""
        views = {}
        for names, matrix in zip(self._names, self.matrices, strict=True):
            for name, part in self._parts(names, matrix.detach()):
                views[name] = part.requires_grad_()
        return views

    def _parts(self, names: list[str], matrix: Tensor) -> list[tuple[str, Tensor]]:
        parts: list[tuple[str, Tensor]] = []
        start = 0
        for name in names:
            size = self._shapes[name].numel()
            columns = matrix[:, start : start + size]
            parts.append((name, columns.view(len(matrix), *self._shapes[name])))
            start += size
        return parts

    def collect_gradients_(self) -> None:
        """Move the views' gradients to the matrices; a view without one counts as 0."""
        for names, matrix in zip(self._names, self.matrices, strict=True):
            if matrix.grad is None:
                matrix.grad = torch.zeros_like(matrix)
            for name, part in self._parts(names, matrix.grad):
                gradient, self.views[name].grad = self.views[name].grad, None
                part.zero_() if gradient is None else part.copy_(gradient)

    def keep_(self, rows: Tensor, optimizer: torch.optim.Optimizer) -> None:
        """Take all other members out, and out of the optimizer's state.

        Args:
            rows: Numbers of those that stay.
            optimizer: Of the matrices.
        """
        for matrix in self.matrices:
            for name, value in optimizer.state[matrix].items():
                if isinstance(value, Tensor) and value.shape == matrix.shape:
                    optimizer.state[matrix][name] = value[rows]
            matrix.data = matrix.data[rows]
            matrix.grad = None
        self.views = self._look()
