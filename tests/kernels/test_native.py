"""The native kernel equals the specification bit for bit, whatever runs it."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from torchdrop import kernels
from torchdrop.errors import SettingError
from torchdrop.kernels import _native, masked_scale_out, using
from torchdrop.kernels._stream import uniform_bits

DTYPES = list(_native.DTYPES)
RATES = [0.0, 1e-11, 1e-9, 1 / 256, 0.1, 1 / 3, 0.5, 0.75, 0.999, 1 - 1e-9, 1.0]


def _pair(x: Tensor, name: str, p: float, seed: int = 2**62 - 5, start: int = 0) -> list[Tensor]:
    """The specification's result and that of the kernel of this name."""
    results = []
    for kernel in ("torch", name):
        with using(kernel) as running:
            assert running.name == kernel.partition("-")[0]
            out = torch.full_like(x, -7.0)
            results.append(masked_scale_out(x, out, torch.tensor([seed]), p, 1.37, start=start))
    return results


def _bits(x: Tensor) -> Tensor:
    """The tensor's bits, so that the sign of zero counts; any NaN is one NaN."""
    width = {2: torch.int16, 4: torch.int32, 8: torch.int64}[x.element_size()]
    return torch.where(x.isnan(), torch.tensor(float("nan"), dtype=x.dtype), x).view(width)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("count", [0, 1, 15, 16, 17, 255, 4095, 4096, 4097, 20_011])
def test_every_size_and_dtype_is_equal(
    each_instruction_set: str, dtype: torch.dtype, count: int
) -> None:
    x = torch.randn(count, generator=torch.Generator().manual_seed(count)).to(dtype)
    expected, actual = _pair(x, each_instruction_set, 0.3)

    assert torch.equal(_bits(actual), _bits(expected))


@pytest.mark.parametrize("p", RATES)
def test_every_rate_is_equal(each_instruction_set: str, p: float) -> None:
    expected, actual = _pair(torch.ones(50_000), each_instruction_set, p)

    assert torch.equal(actual, expected)


def test_ties_to_the_last_digit_are_equal(each_instruction_set: str) -> None:
    """Thresholds set at the very bits of an element: it must be dropped, at one more it is kept."""
    seed = 11
    bits = uniform_bits(torch.tensor([seed]), 64)
    for index, value in enumerate(bits.tolist()):
        for threshold in (value, value + 1):
            p = 1 - threshold / 2**32
            _, actual = _pair(torch.ones(64), each_instruction_set, p, seed)

            assert bool(actual[index]) == (threshold > value)


@pytest.mark.parametrize("start", [1, 16, 4100, 2**36 - 1000, 2**40 + 5, 16 * 2**32 - 300])
def test_every_offset_is_equal(each_instruction_set: str, start: int) -> None:
    """Block counters pass 32 bits in the last of them."""
    expected, actual = _pair(torch.ones(9000), each_instruction_set, 0.3, start=start)

    assert torch.equal(actual, expected)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_every_16_bit_value_is_scaled_alike(each_instruction_set: str, dtype: torch.dtype) -> None:
    values = torch.arange(-(2**15), 2**15, dtype=torch.int16).view(dtype)
    expected, actual = _pair(values, each_instruction_set, 0.0)

    assert torch.equal(_bits(actual), _bits(expected))


@settings(max_examples=60, deadline=None)
@given(
    count=st.integers(0, 9000),
    p=st.floats(0, 1),
    seed=st.integers(0, 2**62 - 1),
    start=st.integers(0, 2**50),
)
def test_any_call_is_equal(count: int, p: float, seed: int, start: int) -> None:
    if kernels.kernel().name != "native":
        pytest.skip(kernels.kernel().reason)
    expected, actual = _pair(torch.ones(count), "native", p, seed, start)

    assert torch.equal(actual, expected)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_threads_do_not_matter(each_instruction_set: str, threads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        expected, actual = _pair(torch.ones(300_003), each_instruction_set, 0.3)
    finally:
        torch.set_num_threads(before)

    assert torch.equal(actual, expected)


def test_an_unaligned_tensor_is_equal(each_instruction_set: str) -> None:
    base = torch.randn(10_001)
    expected, actual = _pair(base[1:], each_instruction_set, 0.3)

    assert torch.equal(actual, expected)


def test_it_may_write_into_its_input(each_instruction_set: str) -> None:
    x = torch.randn(5000)
    expected, _ = _pair(x, each_instruction_set, 0.3)
    with using(each_instruction_set):
        masked_scale_out(x, x, torch.tensor([2**62 - 5]), 0.3, 1.37)

    assert torch.equal(x, expected)


def test_dropped_infinities_and_nans_are_zero(each_instruction_set: str) -> None:
    for dtype in DTYPES:
        x = torch.tensor([float("nan"), float("inf"), -float("inf"), -1.0], dtype=dtype)
        expected, actual = _pair(x.repeat(500), each_instruction_set, 0.5)

        assert torch.equal(_bits(actual), _bits(expected))
        assert (actual == 0).any()


def test_nothing_is_written_outside_the_range(each_instruction_set: str) -> None:
    whole = torch.full((3000,), 5.0)
    with using(each_instruction_set):
        masked_scale_out(torch.ones(1000), whole[1000:2000], torch.tensor([1]), 0.5, 2.0)

    assert (whole[:1000] == 5).all()
    assert (whole[2000:] == 5).all()


def test_other_dtypes_run_the_specification() -> None:
    x = torch.ones(100, dtype=torch.complex64)

    assert x.dtype not in _native.DTYPES
    assert kernels.masked_scale(x, torch.tensor([1]), 0.5, 2.0).abs().max() == 2


def test_a_kernel_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SettingError, match="got 'cuda'"), using("cuda"):
        pass


def test_an_instruction_set_that_does_not_exist_is_refused() -> None:
    with pytest.raises(SettingError, match=r"got 'sse9'|cannot run"), using("native-sse9"):
        pass


def test_the_kernel_before_is_restored() -> None:
    before = kernels.kernel()
    with pytest.raises(RuntimeError, match="boom"), using("torch"):
        raise RuntimeError("boom")

    assert kernels.kernel() == before
