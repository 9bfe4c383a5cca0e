"""A pass that shows whether one dropout feeds the one Linear that ends a model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

from torch import Tensor, nn
from torch.nn import functional as F

from ._replay import calling


@dataclass
class LastLinear:
    """What was seen of a dropout layer that did not drop, and of the Linear layers behind it.

    Attributes:
        calls: Of the dropout layer.
        units: What it gave, a tensor of its own.
        ends: For each Linear that took that tensor as it was: the layer, its output, and how
            often that had been changed in place.
    """

    calls: int = 0
    units: Tensor | None = None
    ends: list[tuple[nn.Linear, Tensor, int]] = field(default_factory=list)

    @contextmanager
    def watched(self, model: nn.Module, dropout: nn.Module) -> Iterator[None]:
        """Let the layer give its input on, and watch, while a block runs."""
        with ExitStack() as stack:
            stack.enter_context(calling(dropout, self._drop))
            for module in model.modules():
                if isinstance(module, nn.Linear) and _is_plain(module):
                    stack.enter_context(calling(module, partial(self._multiply, module)))
            yield

    def end(self, output: Tensor) -> tuple[nn.Linear, Tensor] | None:
        """The Linear whose output this is, and its input; `None` if there is none.

        Args:
            output: Of the model.

        Returns:
            The input's shape is `(N, n)`. Of the output, a view of all its elements in their
            order counts as well, such as `squeeze(-1)` of a single column.
        """
        for linear, result, version in self.ends:
            view = output._base is result and output.numel() == result.numel()
            if (output is result or (view and output.is_contiguous())) and (
                result._version == version and self.units is not None
            ):
                return linear, self.units
        return None

    def _drop(self, x: Tensor) -> Tensor:
        self.calls += 1
        self.units = x.clone()  # an object of its own, to know it again
        return self.units

    def _multiply(self, linear: nn.Linear, x: Tensor) -> Tensor:
        result = F.linear(x, linear.weight, linear.bias)
        if x is self.units and not x._version:
            self.ends.append((linear, result, result._version))
        return result


def _is_plain(linear: nn.Linear) -> bool:
    return type(linear).forward is nn.Linear.forward and "forward" not in vars(linear)
