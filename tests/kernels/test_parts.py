"""Rows and columns taken out and put back: in C as in torch, bit for bit."""

from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from torchdrop.kernels import _native, _parts, copy_part, kernel, put_part_, using

DTYPES = list(_native.DTYPES)
SHAPES = [(7, 9), (300, 500), (12, 10, 3, 3), (1, 1), (6,)]


def _half(size: int) -> Tensor:
    return torch.randperm(size)[: max(1, size // 2)].sort().values


def _all(whole: Tensor, rows: Tensor | None, columns: Tensor | None) -> list[Tensor]:
    part = copy_part(whole, rows, columns)
    put = put_part_(torch.full_like(whole, 3.0), part, rows, columns)
    added = put_part_(torch.full_like(whole, 3.0), part, rows, columns, add=True)
    return [part, put, added]


@pytest.mark.skipif(kernel().name != "native", reason="there is no native kernel here")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_native_copies_equal_torchs(shape: tuple[int, ...], dtype: torch.dtype) -> None:
    whole = torch.randn(shape).to(dtype)
    some = _half(shape[0])
    across = (None, _half(shape[1]), some[:0]) if len(shape) > 1 else (None,)
    for rows, columns in product((None, some, some[:0]), across):
        with using("torch"):
            expected = _all(whole, rows, columns)
        with using("native"):
            actual = _all(whole, rows, columns)
        for one, other in zip(actual, expected, strict=True):
            assert torch.equal(one, other)


@pytest.mark.skipif(kernel().name != "native", reason="there is no native kernel here")
def test_matrices_are_copied_by_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch's way is closed: what comes back was copied in C."""
    monkeypatch.setattr(_parts, "_spread", None)
    monkeypatch.setattr(Tensor, "index_select", None)
    whole, rows, columns = torch.randn(300, 500), _half(300), _half(500)
    with using("native"):
        part, put, _ = _all(whole, rows, columns)

    assert torch.equal(part, whole[rows][:, columns])
    assert int((put != 0).sum()) == part.numel()


@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    seed=st.integers(0, 2**20),
    share=st.floats(0, 1),
)
@settings(max_examples=60, deadline=None)
def test_what_is_put_is_what_was_taken(height: int, width: int, seed: int, share: float) -> None:
    torch.manual_seed(seed)
    whole = torch.randn(height, width)
    rows = (torch.rand(height) < share).nonzero().flatten()
    columns = (torch.rand(width) < share).nonzero().flatten()
    put = put_part_(torch.full_like(whole, 3.0), copy_part(whole, rows, columns), rows, columns)
    mask = torch.zeros(height, width)
    mask[rows[:, None], columns] = 1.0

    assert torch.equal(put, torch.where(mask > 0, whole, 0.0))


@pytest.mark.usefixtures("each_kernel")
@pytest.mark.parametrize("numbers", [[0, 5], [-1, 2]])
def test_numbers_outside_are_refused(numbers: list[int]) -> None:
    with pytest.raises((IndexError, RuntimeError), match="out of"):
        copy_part(torch.randn(5, 5), torch.tensor(numbers), None)
    with pytest.raises((IndexError, RuntimeError), match="out of"):
        copy_part(torch.randn(5, 5), torch.tensor([1]), torch.tensor(numbers))


@pytest.mark.usefixtures("each_kernel")
def test_numbers_in_any_order_are_obeyed() -> None:
    whole, rows, columns = torch.randn(5, 6), torch.tensor([4, 0]), torch.tensor([3, 1, 5])
    part, put, _ = _all(whole, rows, columns)

    assert torch.equal(part, whole[rows][:, columns])
    assert torch.equal(put[rows][:, columns], part)
    assert int((put != 0).sum()) == 6


@pytest.mark.usefixtures("each_kernel")
def test_a_part_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match=r"is \(2, 5\); got \(2, 4\)"):
        put_part_(torch.zeros(5, 5), torch.zeros(2, 4), torch.tensor([0, 1]), None)


@pytest.mark.usefixtures("each_kernel")
def test_matrices_that_are_not_contiguous_are_copied_too() -> None:
    whole, rows, columns = torch.randn(9, 7).t(), _half(7), _half(9)
    part, put, _ = _all(whole, rows, columns)

    assert torch.equal(part, whole[rows][:, columns])
    assert torch.equal(put[rows][:, columns], part)
