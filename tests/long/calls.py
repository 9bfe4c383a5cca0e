"""What a call on a small tensor costs, piece by piece: `make calls`.

Also what an autograd node written in C++ would cost in its place, where ninja and a compiler are
there to build one. It is the yardstick for Python's share, not a part of the package: it would tie
each wheel to one version of torch.
"""

from __future__ import annotations

import ctypes
import importlib
import importlib.util
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from torchdrop import functional
from torchdrop.kernels import _native, kernel, masked_scale, seed_for

SIZES = (64, 25_600)
P = 0.3
CALLS, ROUNDS = 500, 15

NODE = """
#include <torch/extension.h>
using namespace torch::autograd;
typedef int32_t (*kernel_t)(int, int, const void *, void *, int64_t, int64_t, uint64_t, uint64_t,
                            double, void *, int64_t);
static kernel_t kernel;
static int build;
void setup(int64_t address, int64_t number) { kernel = (kernel_t)address; build = (int)number; }
static at::Tensor run(const at::Tensor &x, int64_t seed, double p) {
    auto y = at::empty_like(x);
    auto threshold = (uint64_t)std::nearbyint((1 - p) * 4294967296.0);
    kernel(build, 0, x.data_ptr(), y.data_ptr(), x.numel(), 0, seed, threshold,
           4294967296.0 / threshold, nullptr, x.numel());
    return y;
}
struct Dropout : Function<Dropout> {
    static at::Tensor forward(AutogradContext *c, const at::Tensor &x, int64_t seed, double p) {
        c->saved_data["seed"] = seed;
        c->saved_data["p"] = p;
        return run(x, seed, p);
    }
    static variable_list backward(AutogradContext *c, variable_list g) {
        auto seed = c->saved_data["seed"].toInt();
        return {run(g[0], seed, c->saved_data["p"].toDouble()), at::Tensor(), at::Tensor()};
    }
};
at::Tensor dropout(const at::Tensor &x, double p) {
    return Dropout::apply(x, at::randint(1LL << 62, {1}, at::kLong).item<int64_t>(), p);
}
"""


class _Nothing(torch.autograd.Function):
    """An autograd function in Python that does next to nothing."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, arguments: tuple[int, float]) -> Tensor:
        ctx.arguments = arguments
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return gradients[0], None


def _empty(x: Tensor) -> Tensor:
    return _Nothing.apply(x, (5, P))  # type: ignore[no-any-return, no-untyped-call]


def _node() -> Callable[[Tensor, float], Tensor] | None:
    if importlib.util.find_spec("ninja") is None:
        return None
    extension = importlib.import_module("torch.utils.cpp_extension")  # slow to import
    module: Any = extension.load_inline(
        "torchdrop_node", NODE, functions=["setup", "dropout"], extra_cflags=["-O2"]
    )
    address = ctypes.cast(_native.library().td_masked_scale, ctypes.c_void_p).value
    module.setup(address, kernel().build)
    call: Callable[[Tensor, float], Tensor] = module.dropout
    return call


def _pieces(x: Tensor, node: Callable[[Tensor, float], Tensor] | None) -> dict[str, Any]:
    gradient, plain, out = torch.randn_like(x), x.detach(), torch.empty_like(x)
    build = kernel().build or 0

    def both(call: Callable[[], Tensor]) -> Callable[[], Any]:
        return lambda: torch.autograd.grad(call(), x, gradient)

    calls: dict[str, Callable[[], Any]] = {
        "seed": lambda: seed_for(plain),
        "output": lambda: torch.empty_like(plain),
        "library": lambda: _native.masked_scale_into(build, plain, out, 5, P, 1.4),
        "masked_scale, no gradient": lambda: masked_scale(plain, 5, P, 1.4),
        "empty Python function": lambda: _empty(x),
        "dropout forward": lambda: functional.dropout(x, P, training=True),
        "ReLU forward+backward": both(lambda: torch.relu(x)),
        "empty forward+backward": both(lambda: _empty(x)),
        "dropout forward+backward": both(lambda: functional.dropout(x, P, training=True)),
    }
    if node:
        calls["C++ node forward+backward"] = both(lambda: node(x, P))
    return calls


def _microseconds(call: Callable[[], Any]) -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        call()
    return (time.perf_counter() - start) / CALLS * 1e6


def main() -> None:
    torch.set_num_threads(1)
    node = _node()
    for size in SIZES:
        calls = _pieces(torch.randn(size, requires_grad=True), node)
        times: dict[str, list[float]] = {name: [] for name in calls}
        for _ in range(ROUNDS):
            for name, call in calls.items():
                times[name].append(_microseconds(call))
        sys.stdout.write(f"{size:,} elements of float32, 1 thread, microseconds\n")
        for name, values in times.items():
            sys.stdout.write(f"  {name:28}{statistics.median(values):8.2f}\n")


if __name__ == "__main__":
    main()
