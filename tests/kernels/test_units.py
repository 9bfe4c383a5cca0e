"""Units that a whole mini-batch keeps: the native kernel against plain torch."""

import math

import pytest
import torch

from torchdrop.kernels import (
    _native,
    keep_mask,
    kept_numbers,
    kernel,
    least_numbers,
    uniform,
    using,
)

CPU = torch.device("cpu")
Z = 5.0
native_only = pytest.mark.skipif(kernel().name != "native", reason="there is no native kernel here")


@pytest.mark.usefixtures("each_kernel")
@pytest.mark.parametrize("p", [0.0, 0.3, 1.0])
def test_units_are_kept_as_the_stream_says(p: float) -> None:
    keep = keep_mask(torch.tensor([7]), 1000, p)

    assert torch.equal(kept_numbers(1000, p, 7, CPU), keep.nonzero().flatten())


@native_only
@pytest.mark.parametrize("units", [1, 2, 3, 17, 1000, 8192])
def test_the_native_choice_is_torchs(units: int) -> None:
    for seed in range(20):
        for kept in sorted({0, 1, units // 2, units - 1, units}):
            with using("torch"):
                expected = least_numbers(units, kept, seed, CPU)
            with using("native"):
                assert torch.equal(least_numbers(units, kept, seed, CPU), expected)


@pytest.mark.usefixtures("each_kernel")
def test_the_least_numbers_are_chosen() -> None:
    u, numbers = uniform((999,), 3, CPU), least_numbers(999, 400, 3, CPU)
    others = torch.ones(999, dtype=torch.bool).index_fill(0, numbers, False)

    assert torch.equal(numbers, torch.unique(numbers))
    assert u[numbers].max() < u[others].min()


@native_only
def test_of_equal_numbers_the_first_are_chosen() -> None:
    u = torch.tensor([5, 2, 2, 2, 9, 2], dtype=torch.float64).add(0.5).mul(2**-32)
    numbers = torch.empty(3, dtype=torch.int64)
    _native.least_units_into(u, numbers)

    assert numbers.tolist() == [1, 2, 3]


@pytest.mark.usefixtures("each_kernel")
def test_each_unit_is_as_likely_as_any_other() -> None:
    draws, units, kept = 4000, 20, 6
    counts = torch.zeros(units)
    for seed in range(draws):
        counts[least_numbers(units, kept, seed, CPU)] += 1
    share = kept / units

    assert (counts / draws - share).abs().max() < Z * math.sqrt(share * (1 - share) / draws)
