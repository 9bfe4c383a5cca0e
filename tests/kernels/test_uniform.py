"""Uniform numbers against the specification, and as numbers."""

import math

import pytest
import torch

from torchdrop.kernels import keep_mask, keep_threshold, uniform, using
from torchdrop.kernels._stream import uniform_bits

CPU = torch.device("cpu")


@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 4095, 4096, 4097, 70_001])
def test_numbers_are_those_of_the_specification(each_instruction_set: str, count: int) -> None:
    expected = (uniform_bits(torch.tensor(77), count).double() + 0.5) / 2**32
    with using(each_instruction_set):
        assert torch.equal(uniform((count,), 77, CPU), expected)


@pytest.mark.usefixtures("each_kernel")
def test_numbers_below_the_keep_rate_are_the_mask() -> None:
    seed, p = torch.tensor([5]), 0.3

    kept = uniform((1000,), seed, CPU) < keep_threshold(p) / 2**32
    assert torch.equal(kept, keep_mask(seed, 1000, p))


@pytest.mark.usefixtures("each_kernel")
def test_numbers_are_spread_evenly() -> None:
    n, bins = 1 << 16, 64
    counts = torch.histc(uniform((n,), 3, CPU), bins, 0, 1)
    chi2 = ((counts - n / bins) ** 2 / (n / bins)).sum().item()

    # Chi-square of 63 degrees: mean 63, standard deviation sqrt(126).
    assert abs(chi2 - (bins - 1)) < 5 * math.sqrt(2 * (bins - 1))


@pytest.mark.usefixtures("each_kernel")
def test_a_batch_of_seeds_gives_what_each_gives_alone() -> None:
    seeds = torch.tensor([[1], [2], [3]])
    batched = torch.func.vmap(lambda seed: uniform((4, 5), seed, CPU))(seeds)

    for row, seed in zip(batched, seeds, strict=True):
        assert torch.equal(row, uniform((4, 5), seed, CPU))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_compiled_numbers_are_those_of_eager() -> None:
    torch._dynamo.reset()
    seed = torch.tensor([9])
    compiled = torch.compile(lambda s: uniform((50,), s, CPU), fullgraph=True, backend="aot_eager")

    assert torch.equal(compiled(seed), uniform((50,), seed, CPU))


def test_the_operation_keeps_torchs_rules() -> None:
    operation = torch.ops.torchdrop.uniform.default

    torch.library.opcheck(operation, (torch.tensor([4]), [3, 5]))
