"""Dropouts that are not off in evaluation."""

from torch import Tensor
from typing_extensions import Self

from ._case import Case, Layer


class DropsInEvaluation(Layer):
    """As the CPU path that xformers had: nobody asks for the mode."""

    def forward(self, x: Tensor) -> Tensor:
        return self.drop(x)


class ForgetsInOwnEval(Layer):
    """As baal's ConsistentDropout: a mask is held until `eval` is called on the layer itself."""

    mask: Tensor | None = None

    def eval(self) -> Self:
        self.mask = None
        return super().eval()

    def forward(self, x: Tensor) -> Tensor:
        if self.training:
            self.mask = self.keep(x)
        return x if self.mask is None else self.select(x, self.mask)


class ScalesInEvaluation(Layer):
    """Scales in training and in evaluation too: a port of the first paper, done by half."""

    def forward(self, x: Tensor) -> Tensor:
        return self.drop(x) if self.training else x * (1 - self.p)


CASES = {
    "xformers-evaluation": Case(DropsInEvaluation, "randomness in evaluation"),
    "baal-parent": Case(ForgetsInOwnEval, "parent's evaluation"),
    "scales-twice": Case(ScalesInEvaluation, "evaluation"),
}
