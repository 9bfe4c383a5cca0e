"""A linear layer's three matrix products, each by the library that is told to do it.

PyTorch multiplies float32 matrices with MKL on most x86 machines and carries oneDNN beside it;
which is faster depends on processor and shape. The operator is the one that Inductor calls,
`mkldnn::_linear_pointwise`. It has no gradient of its own, so the autograd function is here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeAlias, get_args

import torch
from torch import Tensor
from torch.nn import functional as F

from ..errors import SettingError
from ._seeds import is_plain

Library: TypeAlias = Literal["torch", "onednn"]

_LINEAR: Any = getattr(torch.ops.mkldnn, "_linear_pointwise", None)


@dataclass(frozen=True, slots=True)
class Routes:
    """Which library does each product of `y = x @ weight.T + bias`.

    Attributes:
        forward: Does `x @ weight.T`.
        input_gradient: Does `dy @ weight`.
        weight_gradient: Does `dy.T @ x`.
    """

    forward: Library
    input_gradient: Library
    weight_gradient: Library

    def to_dict(self) -> dict[str, str]:
        """Return the record as plain JSON types."""
        return asdict(self)

    @classmethod
    def from_dict(cls, content: Mapping[str, Any]) -> Routes:
        """Read the record back.

        Args:
            content: What `to_dict` returned.

        Returns:
            The record.

        Raises:
            SettingError: If a product is missing, or its library is neither `torch` nor `onednn`.
        """
        routes = {field.name: content.get(field.name) for field in fields(cls)}
        if wrong := [name for name, library in routes.items() if library not in get_args(Library)]:
            raise SettingError(
                f"a product goes to {' or '.join(get_args(Library))}; "
                f"got {wrong[0]}={routes[wrong[0]]!r}."
            )
        return cls(**routes)  # type: ignore[arg-type]


TORCH = Routes("torch", "torch", "torch")


def linear_product(x: Tensor, weight: Tensor, bias: Tensor | None, routes: Routes) -> Tensor:
    """Multiply by a weight and add a bias, as `torch.nn.functional.linear` does.

    oneDNN gets plain float32 matrices on the CPU, while nothing is in its way (`onednn_obstacle`).
    Anything else, an empty matrix, or shapes that do not fit go to torch, whatever `routes` says;
    so does a backward pass of which a graph is built (`create_graph=True`).

    Args:
        x: Shape `(rows, inputs)`, any strides.
        weight: Shape `(outputs, inputs)`, any strides.
        bias: Shape `(outputs,)`, or none.
        routes: Which library does which product; from `choose_routes`, or `TORCH`.

    Returns:
        Shape `(rows, outputs)`, differentiable in `x`, `weight` and `bias`. Libraries sum in
        different orders: the results differ by rounding.

    Example:
        >>> x, weight = torch.ones(2, 3), torch.ones(4, 3)
        >>> linear_product(x, weight, None, Routes("onednn", "torch", "torch")).unique()
        tensor([3.])
    """
    if routes == TORCH or not _suits_onednn(x, weight, bias):
        return F.linear(x, weight, bias)
    if torch.is_grad_enabled() and (
        x.requires_grad or weight.requires_grad or (bias is not None and bias.requires_grad)
    ):
        return _LinearProduct.apply(x, weight, bias, routes)  # type: ignore[no-any-return, no-untyped-call]
    return _product(routes.forward, x, weight, bias)


def onednn_obstacle() -> str:
    """Say why oneDNN cannot have any product now.

    Lowered precision is one: oneDNN would then round the factors to bfloat16 where it can. The
    setting that is read is `torch.backends.mkldnn.matmul.fp32_precision`, which also reflects its
    parents and `torch.set_float32_matmul_precision`.

    Returns:
        The reason, in words; empty if it can.
    """
    if _LINEAR is None:
        return "this torch was built without oneDNN"
    if not torch.backends.mkldnn.enabled:
        return "torch.backends.mkldnn is switched off"
    if torch.backends.mkldnn.matmul.fp32_precision not in ("none", "ieee"):  # type: ignore[attr-defined]
        return "torch is set to less than full float32 precision"
    return ""


def _suits_onednn(x: Tensor, weight: Tensor, bias: Tensor | None) -> bool:
    """Whether oneDNN may have these: the operator itself checks neither shapes nor the bias."""
    tensors = (x, weight) if bias is None else (x, weight, bias)
    return (
        all(
            t.dtype is torch.float32 and t.is_cpu and t.layout is torch.strided and is_plain(t)
            for t in tensors
        )
        and x.dim() == weight.dim() == 2
        and x.shape[1] == weight.shape[1]
        and (bias is None or bias.shape == weight.shape[:1])
        and 0 not in (*x.shape, *weight.shape)
        and not torch.is_autocast_enabled("cpu")
        and not onednn_obstacle()
    )


def product(
    library: Library, a: Tensor, b: Tensor, bias: Tensor | None = None, *, factor: float = 1.0
) -> Tensor:
    """Compute `factor * a @ b.T + bias` with the library that is told to.

    Args:
        library: oneDNN gets what suits it, as in `linear_product`, and knows no gradients.
        a: Shape `(rows, inputs)`.
        b: Shape `(outputs, inputs)`.
        bias: Shape `(outputs,)`, or none.
        factor: Which torch's library applies on the way.

    Returns:
        Shape `(rows, outputs)`.
    """
    if library != "torch" and _suits_onednn(a, b, bias):
        return _product(library, a if factor == 1 else a * factor, b, bias)
    if factor == 1:
        return F.linear(a, b, bias)
    if bias is None:
        return torch.addmm(a.new_zeros(()), a, b.t(), beta=0, alpha=factor)
    return torch.addmm(bias, a, b.t(), alpha=factor)


def _product(library: Library, a: Tensor, b: Tensor, bias: Tensor | None = None) -> Tensor:
    """Compute `a @ b.T + bias`."""
    if library == "torch":
        return F.linear(a, b, bias)
    if bias is not None:
        bias = bias.contiguous()  # the operator takes its elements for neighbors
    if 0 in b.stride():
        b = b.contiguous()  # oneDNN promises nothing about elements that share memory
    y: Tensor = _LINEAR(a, b, bias, "none", [], "")
    return y


class _LinearProduct(torch.autograd.Function):
    """Takes the context in `forward`, for the reason given at `_ops._MaskedScale`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, bias: Tensor | None, routes: Routes) -> Tensor:
        of_input, of_weight, *_ = ctx.needs_input_grad
        ctx.save_for_backward(x if of_weight else None, weight if of_input else None)
        ctx.routes = routes
        return _product(routes.forward, x, weight, bias)

    @staticmethod
    def backward(
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor | None, Tensor | None, Tensor | None, None]:
        (dy,) = gradients
        x, weight = ctx.saved_tensors
        of_input, of_weight, of_bias, _ = ctx.needs_input_grad
        # Torch's products have gradients, and know batched gradients; the operator does not.
        routes = TORCH if torch.is_grad_enabled() or not is_plain(dy) else ctx.routes
        return (
            _product(routes.input_gradient, dy, weight.t()) if of_input else None,
            _product(routes.weight_gradient, dy.t(), x.t()) if of_weight else None,
            dy.sum(0) if of_bias else None,
            None,
        )
