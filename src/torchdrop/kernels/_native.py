"""The native kernel through ctypes: finding the library, and its calls.

The library is plain C over pointers. It knows neither Python nor torch; torch's thread pool is
handed to it as a function pointer, so it links to no OpenMP and obeys `torch.set_num_threads`.
Every tensor handed to a call here is contiguous and on the CPU, and `build` is a value of
`BUILDS` among `instruction_sets()`.
"""

from __future__ import annotations

import ctypes
import math
import os
import sysconfig
from array import array
from collections.abc import Sequence
from ctypes import c_double, c_int, c_int64, c_uint64, c_void_p
from functools import cache
from pathlib import Path
from typing import TypeAlias

import torch
from torch import Tensor

from ._stream import keep_threshold

FILE = "_native.bin"
VARIABLE = "TORCHDROP_LIBRARY"  # another build of the library, such as one with sanitizers
GRAIN = 32_768  # elements below which a second thread costs more than it saves
BUILDS = {"baseline": 0, "avx2": 1, "avx512": 2}
DTYPES = {torch.float32: 0, torch.float64: 1, torch.bfloat16: 2, torch.float16: 3}
STEPS = {"sgd": 0, "momentum": 1, "nesterov": 2, "adamw": 3}
ACTIVATIONS = {"relu": 1, "leaky_relu": 2, "gelu": 3, "gelu_tanh": 4, "silu": 5}

Rules: TypeAlias = "tuple[array[int], array[int], array[float]]"

_CALLS = {
    "td_available": (c_int,),
    "td_masked_scale": (
        *(c_int, c_int, c_void_p, c_void_p, c_int64, c_int64),
        *(c_uint64, c_uint64, c_double, c_void_p, c_int64),
    ),
    "td_masked_activation": (
        *(c_int, c_int, c_int, c_void_p, c_void_p, c_void_p, c_int64),
        *(c_uint64, c_uint64, c_double, c_double, c_void_p, c_int64),
    ),
    "td_masked_members": (
        *(c_int, c_int, c_int, c_void_p, c_void_p, c_void_p, c_int64, c_int64),
        *(c_void_p, c_void_p, c_void_p, c_double, c_void_p, c_int64),
    ),
    "td_take_part": (*[c_void_p] * 4, *[c_int64] * 6, c_void_p, c_int64),
    "td_put_part": (*[c_void_p] * 4, *[c_int64] * 6, c_int, c_void_p, c_int64),
    "td_least_units": (c_void_p, c_int64, c_int64, c_void_p, c_void_p),
    "td_kept_units": (c_void_p, c_int64, c_int64, c_void_p),
    "td_draw_units": (c_int, c_int64, *[c_void_p] * 9, c_int),
    "td_step_part": (
        *(c_int, c_int, *[c_void_p] * 6, *[c_int64] * 4),
        *(c_void_p, c_void_p, c_void_p, c_int64),
    ),
    "td_uniform_numbers": (c_int, c_void_p, c_int64, c_uint64, c_void_p, c_int64),
}


@cache
def library() -> ctypes.CDLL:
    """Load the library.

    Returns:
        The library with its functions' types declared.

    Raises:
        OSError: If it was not built, or this system cannot load it.
    """
    native = ctypes.CDLL(str(_find()))
    for name, types in _CALLS.items():
        getattr(native, name).argtypes = types
    native.td_kept_units.restype = c_int64
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
def _torchs_loop() -> int | None:
    """Address of torch's own parallel loop; `None` where this torch does not export it."""
    folder = Path(torch.__file__).parent / "lib"
    for name in ("libtorch_cpu.so", "libtorch_cpu.dylib", "torch_cpu.dll"):
        if (folder / name).exists():
            function = getattr(ctypes.CDLL(str(folder / name)), "torch_parallel_for", None)
            return ctypes.cast(function, c_void_p).value if function else None
    return None


def _loop(count: int) -> int | None:
    return _torchs_loop() if count > GRAIN else None


def instruction_sets() -> tuple[str, ...]:
    """Builds in the library that this processor can run, the best one first."""
    native = library()
    return tuple(name for name in reversed(BUILDS) if native.td_available(BUILDS[name]))


def masked_scale_into(
    build: int, x: Tensor, y: Tensor, seed: int, p: float, factor: float, start: int = 0
) -> None:
    """Run the kernel.

    Args:
        build: Which build.
        x: Of a dtype in `DTYPES`.
        y: Like `x`; may be `x` itself.
        seed: In `[0, 2**62)`.
        p: Probability of dropping.
        factor: What kept elements are multiplied by.
        start: Logical index of the first element.
    """
    count = x.numel()
    library().td_masked_scale(
        *(build, DTYPES[x.dtype], x.data_ptr(), y.data_ptr(), count, start),
        *(seed, keep_threshold(p), factor, _loop(count), GRAIN),
    )


def masked_activation_into(
    build: int,
    activation: str,
    x: Tensor,
    gradient: Tensor | None,
    y: Tensor,
    seed: int,
    p: float,
    factor: float,
    slope: float,
) -> None:
    """Run an activation and dropout in one pass, or its backward pass.

    Args:
        build: Which build.
        activation: A name in `ACTIVATIONS`; of float64, `relu` and `leaky_relu` only.
        x: Of a dtype in `DTYPES`.
        gradient: Of the output, like `x`, for the backward pass; `None` for the forward pass.
        y: Like `x`.
        seed: In `[0, 2**62)`.
        p: Probability of dropping.
        factor: What kept elements are multiplied by.
        slope: Of `leaky_relu`; the others ignore it.
    """
    count = x.numel()
    backward = None if gradient is None else gradient.data_ptr()
    library().td_masked_activation(
        *(build, ACTIVATIONS[activation], DTYPES[x.dtype], x.data_ptr(), backward, y.data_ptr()),
        *(count, seed, keep_threshold(p), factor, slope, _loop(count), GRAIN),
    )


def masked_members_into(
    build: int,
    activation: str | None,
    x: Tensor,
    gradient: Tensor | None,
    y: Tensor,
    seeds: Tensor,
    thresholds: Tensor,
    factors: Tensor,
    slope: float = 0.0,
) -> None:
    """Run the kernel over several tensors, each with numbers of its own.

    Args:
        build: Which build.
        activation: As in `masked_activation_into`; `None` scales only.
        x: Of a dtype in `DTYPES`; members along the first axis.
        gradient: Of the output, like `x`, for an activation's backward pass; else `None`.
        y: Like `x`; may be `x` itself.
        seeds: int64, one for each member.
        thresholds: int64, one for each member, in `[0, 2**32]`.
        factors: float64, one for each member.
        slope: Of `leaky_relu`; the others ignore it.
    """
    members = x.shape[0]
    operation = ACTIVATIONS[activation] if activation else 0
    backward = None if gradient is None else gradient.data_ptr()
    library().td_masked_members(
        *(build, operation, DTYPES[x.dtype], x.data_ptr(), backward, y.data_ptr()),
        *(members, x.numel() // members),
        *(seeds.data_ptr(), thresholds.data_ptr(), factors.data_ptr()),
        *(slope, _loop(x.numel()), GRAIN),
    )


def uniform_into(build: int, y: Tensor, seed: int) -> None:
    """Write the uniform numbers of elements 0, 1, ... into `y`.

    Args:
        build: Which build.
        y: float64.
        seed: In `[0, 2**62)`.
    """
    library().td_uniform_numbers(build, y.data_ptr(), y.numel(), seed, _loop(y.numel()), GRAIN)


def take_part_into(
    whole: Tensor, part: Tensor, rows: Tensor | None, columns: Tensor | None
) -> bool:
    """Copy rows, and columns of them.

    Args:
        whole: Of at least one axis; numbers of 2, 4 or 8 bytes.
        part: What shall hold them, of the same dtype.
        rows: int64, along the first axis; `None` for all.
        columns: int64, along the second axis; `None` for all.

    Returns:
        Whether it was done: numbers that do not ascend strictly inside the axis are refused.
    """
    done: int = library().td_take_part(
        *_places(whole, part, rows, columns), _loop(part.numel()), GRAIN
    )
    return done == 0


def put_part_into(
    whole: Tensor, part: Tensor, rows: Tensor | None, columns: Tensor | None, *, add: bool
) -> bool:
    """Put rows, and columns of them, back to their places.

    Args:
        whole: As in `take_part_into`; written to.
        part: As in `take_part_into`.
        rows: As in `take_part_into`.
        columns: As in `take_part_into`.
        add: Whether to add to what is there, float32 or float64; else all other places become 0.

    Returns:
        Whether it was done, as in `take_part_into`.
    """
    how = 1 + DTYPES[whole.dtype] if add else 0
    done: int = library().td_put_part(
        *_places(whole, part, rows, columns), how, _loop(whole.numel()), GRAIN
    )
    return done == 0


def _places(
    whole: Tensor, part: Tensor, rows: Tensor | None, columns: Tensor | None
) -> tuple[int | None, ...]:
    lists = (None if numbers is None else numbers.data_ptr() for numbers in (rows, columns))
    height, width, *others = (*whole.shape, 1)[: max(2, whole.ndim)]
    n_rows, n_columns = (*part.shape, 1)[:2]
    sizes = height, width, n_rows, n_columns, whole.element_size(), math.prod(others)
    return whole.data_ptr(), part.data_ptr(), *lists, *sizes


def kept_units_into(uniform: Tensor, threshold: int, numbers: Tensor) -> int:
    """Write the numbers of the units that the mask stream keeps, ascending.

    Args:
        uniform: float64, one for each unit.
        threshold: Of `keep_threshold`.
        numbers: int64, room for as many as there are units.

    Returns:
        How many are kept.
    """
    count: int = library().td_kept_units(
        uniform.data_ptr(), len(uniform), threshold, numbers.data_ptr()
    )
    return count


def step_part_into(
    build: int,
    rule: str,
    weight: Tensor,
    memories: Sequence[Tensor],
    gradient: Tensor,
    places: tuple[Tensor | None, Tensor | None],
    settings: Sequence[float],
) -> bool:
    """Let an optimizer move a part of a weight, and nothing else of it.

    Args:
        build: Which build.
        rule: A name in `STEPS`.
        weight: float32, of one axis or two; written to.
        memories: What the rule remembers, up to two tensors like `weight`; written to.
        gradient: float32, of the part.
        places: Rows and columns, int64; `None` for all.
        settings: Of the rule, in the order in which steps.c reads them.

    Returns:
        Whether it was done: numbers that do not ascend strictly inside the axis are refused.
    """
    height, width = weight.shape if weight.ndim > 1 else (len(weight), 1)
    rows, columns = (None if numbers is None else numbers.data_ptr() for numbers in places)
    n_rows, n_columns = gradient.shape if gradient.ndim > 1 else (len(gradient), 1)
    first, second = (*(x.data_ptr() for x in memories), None, None)[:2]
    moves, given = torch.empty(width, dtype=torch.int32), array("f", settings)
    done: int = library().td_step_part(
        *(build, STEPS[rule], weight.data_ptr(), first, second, gradient.data_ptr(), rows, columns),
        *(height, width, n_rows, n_columns, given.buffer_info()[0], moves.data_ptr()),
        *(_loop(n_rows * width), GRAIN),
    )
    return done == 0


def least_units_into(uniform: Tensor, numbers: Tensor) -> None:
    """Write the numbers of the units with the least uniform numbers, ascending.

    Args:
        uniform: float64, one for each unit.
        numbers: int64, one for each unit that is kept.
    """
    keys = torch.empty_like(uniform)
    library().td_least_units(
        *(uniform.data_ptr(), len(uniform), len(numbers), keys.data_ptr(), numbers.data_ptr())
    )


def draw_units_into(
    build: int,
    seeds: Tensor,
    rules: Rules,
    numbers: Tensor,
    factors: Tensor | None,
) -> list[int]:
    """Draw the kept units of several layers, whose units lie one behind the other.

    Args:
        build: Which build.
        seeds: int64, one for each layer.
        rules: For each layer, its units ("q"); how many are kept, or -1 minus a threshold by
            which each unit is drawn by itself ("q"); and the factor of kept units ("d").
        numbers: int64, room for as many as all layers have units; those of a layer begin where
            its units do.
        factors: float32 or float64, all 0, one for each unit: those of kept ones are written.

    Returns:
        How many are kept, for each layer.
    """
    layers, most = len(seeds), numbers.numel()
    room = torch.empty(2 * most + layers, dtype=torch.int64)
    uniform, keys, counts = (room.data_ptr() + 8 * start for start in (0, most, 2 * most))
    library().td_draw_units(
        *(build, layers, seeds.data_ptr(), *(rule.buffer_info()[0] for rule in rules)),
        *(uniform, keys, numbers.data_ptr(), counts),
        None if factors is None else factors.data_ptr(),
        factors is not None and factors.dtype is torch.float64,
    )
    return room[2 * most :].tolist()
