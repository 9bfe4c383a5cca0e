"""Dropouts whose backward pass is not that of their forward pass."""

from typing import Any

import torch
from torch import Tensor

from ._case import Case, Layer


class _DrawsAgain(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, p: float, factor: float) -> Tensor:
        ctx.p, ctx.factor = p, factor
        return (x * factor).where(torch.rand(x.shape) >= p, 0.0)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        kept = torch.rand(gradient.shape) >= ctx.p
        return (gradient * ctx.factor).where(kept, 0.0), None, None


class DrawsAgain(Layer):
    """Backward draws a mask of its own, from another offset."""

    def drop(self, x: Tensor) -> Tensor:
        factor = 1 / (1 - self.p) if self.p < 1 else 1.0
        return _DrawsAgain.apply(x, self.p, factor)  # type: ignore[no-any-return, no-untyped-call]


class _ForgetsScale(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, keep: Tensor, factor: float) -> Tensor:
        ctx.save_for_backward(keep)
        return (x.float() * factor).where(keep, 0.0).to(x.dtype)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (keep,) = ctx.saved_tensors
        return gradient.where(keep, 0.0), None, None


class ForgetsScale(Layer):
    """Backward selects and does not scale."""

    def drop(self, x: Tensor) -> Tensor:
        factor = 1 / (1 - self.p) if self.p < 1 else 1.0
        return _ForgetsScale.apply(x, self.keep(x), factor)  # type: ignore[no-any-return, no-untyped-call]


class DividesInside(Layer):
    """As Equinox: where() hides x / 0 from forward, and not from backward."""

    def select(self, x: Tensor, keep: Tensor) -> Tensor:
        return (x.float() / torch.tensor(1 - self.p)).where(keep, 0.0).to(x.dtype)


CASES = {
    "draws-again": Case(DrawsAgain, "gradient mask"),
    "forgets-scale": Case(ForgetsScale, "gradient scale"),
    "Equinox-gradient-at-1": Case(DividesInside, "gradient at p = 1"),
}
