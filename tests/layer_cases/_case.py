"""What a layer promises, beyond what every layer of the family does."""

from collections.abc import Callable
from dataclasses import dataclass

from torch import nn


@dataclass(frozen=True)
class Case:
    """A layer under the contract of `tests/test_every_layer.py`.

    The defaults are those of multiplicative dropout of units. A case that lowers one says why in a
    comment.

    Attributes:
        make: Builds the layer for a p.
        shape: An input that it takes, with some hundred elements or more.
        draws: How many independent draws a mask of that shape has.
        passes_through: Evaluation returns the same object that came in.
        drops: A dropped element of the output is exactly 0, and so is the gradient of the input
            there; p = 1 gives zeros.
        keeps_mean: The expectation in training is the output in evaluation, for an input of ones.
        spread: Standard deviation of an output in training, over that output in evaluation.
        output: Shape of the output; `None` where it is that of the input.
        twice: The layer can be differentiated twice.
        most: The p that stands for 1, where the layer refuses 1 itself.
    """

    make: Callable[[float], nn.Module]
    shape: tuple[int, ...] = (16, 25)
    draws: int = 400
    passes_through: bool = True
    drops: bool = True
    keeps_mean: bool = True
    spread: Callable[[float], float] = lambda p: (p / (1 - p)) ** 0.5
    output: tuple[int, ...] | None = None
    twice: bool = True
    most: float = 1.0
