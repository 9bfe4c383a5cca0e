"""The operations that `benchmark_kernel` compares, each as a call without arguments."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ..errors import SettingError
from ..functional import dropout
from ..kernels import keep_probability, kernel, masked_scale_out, using
from ._timing import Contestant

REFERENCE_LIMIT = 1 << 20
"""Elements beyond which the reference path is left out: it is slow, and takes 100 bytes each."""

_SEED = 2_718_281_828

Operation = Callable[[Tensor], Tensor]


def contestants(
    elements: int, dtype: torch.dtype, p: float, *, compiled: bool
) -> dict[str, Contestant]:
    """Build the calls for one size, dtype and rate.

    "forward" runs on an input that needs no gradient; "forward+backward" runs both passes on one
    that does, and returns the gradient without adding it to anything. Copy and the kernel alone
    write into a buffer that exists; all others allocate their result, as they do in training.

    Args:
        elements: Size of the input.
        dtype: Floating point type of the input.
        p: Probability of dropping, in `(0, 1)`.
        compiled: Whether `torch.compile`d dropout takes part.

    Returns:
        Calls by name; see `CONTESTANTS`.
    """
    x, out = torch.randn(elements).to(dtype), torch.empty(elements, dtype=dtype)
    calls: dict[str, Contestant] = {"copy": lambda: out.copy_(x)}
    calls |= _passes("ReLU", nn.ReLU(), x)
    calls |= _passes("nn.Dropout", nn.Dropout(p), x)
    if compiled:
        calls["compiled forward+backward"] = _both_passes(_compile(nn.Dropout(p)), x)
    native = kernel().name != "torch"
    if native or elements <= REFERENCE_LIMIT:
        seed, factor = torch.tensor([_SEED]), 1 / keep_probability(p)
        calls["kernel"] = lambda: masked_scale_out(x, out, seed, p, factor)
        calls |= _passes("ours", _ours(p), x)
    if native and elements <= REFERENCE_LIMIT:
        calls |= {name: _on_torch(call) for name, call in _passes("reference", _ours(p), x).items()}
    return calls


def bytes_kept(dtype: torch.dtype, elements: int, p: float) -> dict[str, int]:
    """Count the bytes that each operation keeps for backward.

    Args:
        dtype: Floating point type of the input.
        elements: Size of the input.
        p: Probability of dropping, in `(0, 1)`.

    Returns:
        Bytes by name: `ours`, `nn.Dropout` and `ReLU`.
    """
    operations: dict[str, Operation] = {
        "ours": _ours(p),
        "nn.Dropout": nn.Dropout(p),
        "ReLU": nn.ReLU(),
    }
    x = torch.ones(elements, dtype=dtype, requires_grad=True)
    return {name: _count_saved(operation, x) for name, operation in operations.items()}


def check_compiler() -> None:
    """Refuse to compile where there is no C++ compiler.

    Raises:
        SettingError: If neither `CXX` nor g++ nor clang++ is found.
    """
    names = (os.environ.get("CXX"), "g++", "clang++")
    if not any(name and shutil.which(name) for name in names):
        raise SettingError(
            "compiled dropout needs a C++ compiler, and none of $CXX, g++ and clang++ is found; "
            "install one or leave compiled out."
        )


def _count_saved(operation: Operation, x: Tensor) -> int:
    """Sum up what autograd saves in one call, each storage once."""
    saved: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        saved[storage.data_ptr()] = storage.nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        operation(x)
    return sum(saved.values())


def _passes(name: str, operation: Operation, x: Tensor) -> dict[str, Contestant]:
    return {
        f"{name} forward": lambda: operation(x),
        f"{name} forward+backward": _both_passes(operation, x),
    }


def _both_passes(operation: Operation, x: Tensor) -> Contestant:
    leaf, gradient = x.detach().requires_grad_(), torch.ones_like(x)
    return lambda: torch.autograd.grad(operation(leaf), leaf, gradient)


def _ours(p: float) -> Operation:
    return lambda x: dropout(x, p, training=True)


def _on_torch(call: Contestant) -> Contestant:
    def run() -> None:
        with using("torch"):
            call()

    return run


def _compile(layer: nn.Module) -> Operation:
    torch.compiler.reset()  # otherwise the cases count as recompilations of one function
    compiled: Operation = torch.compile(layer, dynamic=False)
    return compiled
