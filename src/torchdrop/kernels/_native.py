"""The native kernel through ctypes: finding the library, and one call of it.

The library is plain C over pointers. It knows neither Python nor torch; torch's thread pool is
handed to it as a function pointer, so it links to no OpenMP and obeys `torch.set_num_threads`.
"""

from __future__ import annotations

import ctypes
import os
import sysconfig
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

from ._stream import keep_threshold

FILE = "_native.bin"
VARIABLE = "TORCHDROP_LIBRARY"  # another build of the library, such as one with sanitizers
GRAIN = 32_768  # elements below which a second thread costs more than it saves
BUILDS = {"baseline": 0, "avx2": 1, "avx512": 2}
DTYPES = {torch.float32: 0, torch.float64: 1, torch.bfloat16: 2, torch.float16: 3}


@cache
def library() -> ctypes.CDLL:
    """Load the library.

    Returns:
        The library with its functions' types declared.

    Raises:
        OSError: If it was not built, or this system cannot load it.
    """
    native = ctypes.CDLL(str(_find()))
    native.td_available.argtypes = [ctypes.c_int]
    native.td_masked_scale.argtypes = [
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_int64,
        ctypes.c_int64,
        ctypes.c_void_p,
        ctypes.c_uint64,
        ctypes.c_double,
        ctypes.c_void_p,
        ctypes.c_int64,
    ]
    native.td_masked_rectifier.argtypes = [
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_int,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_void_p,
        ctypes.c_int64,
        ctypes.c_void_p,
        ctypes.c_uint64,
        ctypes.c_double,
        ctypes.c_double,
        ctypes.c_void_p,
        ctypes.c_int64,
    ]
    return native


def _find() -> Path:
    # An editable install keeps the sources where they are and puts the library in site-packages.
    installed = Path(sysconfig.get_path("platlib"), "torchdrop", "kernels")
    places = [folder / FILE for folder in (Path(__file__).parent, installed)]
    if VARIABLE in os.environ:
        places = [Path(os.environ[VARIABLE])]
    path = next((place for place in places if place.exists()), None)
    if path is None:
        raise OSError("the package was installed without it, for want of a C compiler")
    return path


@cache
def parallel_for() -> int | None:
    """Address of torch's own parallel loop; `None` where this torch does not export it."""
    folder = Path(torch.__file__).parent / "lib"
    for name in ("libtorch_cpu.so", "libtorch_cpu.dylib", "torch_cpu.dll"):
        if (folder / name).exists():
            function = getattr(ctypes.CDLL(str(folder / name)), "torch_parallel_for", None)
            return ctypes.cast(function, ctypes.c_void_p).value if function else None
    return None


def instruction_sets() -> tuple[str, ...]:
    """Builds in the library that this processor can run, the best one first."""
    native = library()
    return tuple(name for name in reversed(BUILDS) if native.td_available(BUILDS[name]))


def can_run(x: Tensor, seed: Tensor) -> bool:
    """Whether the native kernel takes these tensors: plain, on the CPU, of a dtype it knows."""
    return x.dtype in DTYPES and x.device.type == "cpu" and seed.device.type == "cpu"


def masked_scale_into(
    build: int, x: Tensor, y: Tensor, seed: Tensor, p: float, factor: float, start: int = 0
) -> None:
    """Run the kernel.

    Args:
        build: A value of `BUILDS`, among `instruction_sets()`.
        x: Contiguous, on the CPU, of a dtype in `DTYPES`.
        y: Like `x`; may be `x` itself.
        seed: int64, one element, on the CPU.
        p: Probability of dropping.
        factor: What kept elements are multiplied by.
        start: Logical index of the first element.
    """
    count = x.numel()
    library().td_masked_scale(
        build,
        DTYPES[x.dtype],
        x.data_ptr(),
        y.data_ptr(),
        count,
        start,
        seed.data_ptr(),
        keep_threshold(p),
        factor,
        parallel_for() if count > GRAIN else None,
        GRAIN,
    )


def rectifier_into(
    build: int,
    x: Tensor,
    gradient: Tensor | None,
    y: Tensor,
    seed: Tensor,
    p: float,
    factor: float,
    slope: float | None,
) -> None:
    """Run ReLU or LeakyReLU and dropout in one pass, or its backward pass.

    Args:
        build: A value of `BUILDS`, among `instruction_sets()`.
        x: Contiguous, float32 or float64, on the CPU.
        gradient: Of the output, like `x`, for the backward pass; `None` for the forward pass.
        y: Like `x`.
        seed: int64, one element, on the CPU.
        p: Probability of dropping.
        factor: What kept elements are multiplied by.
        slope: Of LeakyReLU; `None` for ReLU.
    """
    count = x.numel()
    library().td_masked_rectifier(
        build,
        (1 if slope is None else 3) + (gradient is not None),
        DTYPES[x.dtype],
        x.data_ptr(),
        None if gradient is None else gradient.data_ptr(),
        y.data_ptr(),
        count,
        seed.data_ptr(),
        keep_threshold(p),
        factor,
        slope or 0.0,
        parallel_for() if count > GRAIN else None,
        GRAIN,
    )
