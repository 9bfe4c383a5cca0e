"""Which library does a product: the faster one, as measured once on this machine."""

from __future__ import annotations

import functools
import math
import platform
import re
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Literal, TypeAlias

import torch
from torch import Tensor

from . import _product_cache
from ._products import TORCH, Library, Routes, _product, linear_product, onednn_obstacle
from ._seeds import is_plain

# oneDNN must save this share of torch's time: a tie is not worth another order of summation.
_LEAST_GAIN = 0.1
_SECONDS = 2e-3
_FEWEST_ROUNDS = 5

Matmul: TypeAlias = Literal["auto", "torch"]
"""Who multiplies matrices: the faster library, or torch's default."""

_Call = Callable[[], object]


def choose_routes(
    rows: int,
    inputs: int,
    outputs: int,
    *,
    dtype: torch.dtype = torch.float32,
    device: torch.device | str = "cpu",
) -> Routes:
    """Say which library is faster for each of a linear layer's products.

    Measured where it is first asked (some milliseconds, or a few of the layer's steps if that is
    more), then remembered: by this process, and for later ones by a file, `torchdrop/products.json`
    in the user's cache directory. The choice depends on time, so it can differ between machines;
    a run that must come out the same to the last bit keeps the record it got.

    Args:
        rows: Of the input: the size of a batch.
        inputs: Columns of the input.
        outputs: Rows of the weight.
        dtype: Of the matrices; oneDNN gets float32 only.
        device: Where they are; oneDNN gets the CPU's only.

    Returns:
        The choice for the number of threads that torch uses now; `TORCH` where oneDNN cannot run
        (`onednn_obstacle` says why), for another dtype or device, for empty matrices, and while a
        compiler or a transform is at work.
    """
    if dtype is not torch.float32 or torch.device(device).type != "cpu":
        return TORCH
    if min(rows, inputs, outputs) < 1 or onednn_obstacle():
        return TORCH
    if not is_plain(torch.empty(0, device="cpu")):  # nothing can be timed while tensors are traced
        return TORCH
    key = _key(rows, inputs, outputs)
    if key not in _known:
        routes = _product_cache.recall(key)
        if routes is None:
            routes = _product_cache.remember(key, _measure(rows, inputs, outputs))
        # Of threads that measure at once, all take the choice of the first.
        _known.setdefault(key, routes)
    return _known[key]


_known: dict[str, Routes] = {}


def _key(rows: int, inputs: int, outputs: int) -> str:
    """Name everything that a measurement depends on."""
    return "; ".join(
        (
            f"torch {torch.__version__}",
            _processor(),
            str(torch.backends.cpu.get_cpu_capability()),
            f"{torch.get_num_threads()} threads",
            f"{rows}x{inputs}x{outputs}",
        )
    )


@functools.cache
def _processor(path: Path = Path("/proc/cpuinfo")) -> str:
    """Tell processors apart; a virtual one's name may hide its model, so the numbers come along."""
    facts = path.read_text(encoding="utf-8") if path.exists() else ""
    names = ("model name", "cpu family", "model")
    found = [re.search(rf"^{name}\s*:\s*(.+)$", facts, re.M) for name in names]
    described = " ".join(match[1].strip() for match in found if match)
    return described or platform.processor() or platform.machine() or "unknown"


@torch.inference_mode(False)
@torch.enable_grad()
def _measure(rows: int, inputs: int, outputs: int) -> Routes:
    """Time the products one by one, then the layer as a whole.

    Any route through oneDNN costs an autograd function in Python, which a small layer may not earn
    back; the second measurement has that in it.
    """
    x, weight, dy = (
        torch.ones(shape, dtype=torch.float32, device="cpu", requires_grad=True)
        for shape in ((rows, inputs), (outputs, inputs), (rows, outputs))
    )
    bias = torch.ones(outputs, dtype=torch.float32, device="cpu", requires_grad=True)

    def step(routes: Routes) -> None:
        y = linear_product(x, weight, bias, routes)
        torch.autograd.grad(y, (x, weight, bias), dy.detach())

    with torch.autocast("cpu", enabled=False):
        with torch.no_grad():
            routes = Routes(
                forward=_faster(x, weight, bias),
                input_gradient=_faster(dy, weight.t()),
                weight_gradient=_faster(dy.t(), x.t()),
            )
        if routes == TORCH:
            return TORCH
        torch_seconds, seconds = _race(lambda: step(TORCH), lambda: step(routes))
        return routes if seconds < torch_seconds else TORCH


def _faster(a: Tensor, b: Tensor, bias: Tensor | None = None) -> Library:
    """Name the library that computes `a @ b.T + bias` faster, with what it copies for that."""
    torch_seconds, seconds = _race(
        lambda: _product("torch", a, b, bias), lambda: _product("onednn", a, b, bias)
    )
    return "onednn" if seconds <= (1 - _LEAST_GAIN) * torch_seconds else "torch"


def _race(one: _Call, other: _Call) -> tuple[float, float]:
    """Time two calls in turns and give the fastest of each, in seconds.

    The fastest, since other processes can only add to the time, and on a busy machine do so to
    more than half of so few calls. Each is called once before: oneDNN builds its kernel then.
    """
    one()
    other()
    fastest = {one: math.inf, other: math.inf}
    end, turn = perf_counter() + _SECONDS, 0
    while turn < _FEWEST_ROUNDS or perf_counter() < end:
        for call in (one, other) if turn % 2 else (other, one):
            start = perf_counter()
            call()
            fastest[call] = min(fastest[call], perf_counter() - start)
        turn += 1
    return fastest[one], fastest[other]
