import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from torchdrop.functional._block_rate import start_rate
from torchdrop.kernels import keep_probability

from ..long.drop_block_rates import ROWS, Row, expected_rate

# The stream realizes a rate of starts to within 2**-33, and an element is covered by no more
# starts than a block has elements.
_STEP = 2.0**-33


def _realized(p: float, block: tuple[int, ...], sizes: tuple[int, ...]) -> tuple[float, float]:
    """The rate that follows by laying every block on the map, and the one that is claimed."""
    gamma, share = start_rate(p, block, sizes, torch.empty(0))
    return expected_rate(1 - keep_probability(float(gamma)), block, sizes), 1 - float(share)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_expected_rate_is_p(row: Row) -> None:
    expected, claimed = _realized(row.p, (row.block,) * 2, (row.size,) * 2)

    assert abs(expected - row.p) < 1e-6
    assert abs(claimed - expected) < 1e-12


@settings(max_examples=40, deadline=None)
@given(data=st.data(), p=st.floats(0, 1), axes=st.integers(1, 3))
def test_the_expected_rate_is_p_for_any_block_and_map(
    data: st.DataObject, p: float, axes: int
) -> None:
    sizes = tuple(data.draw(st.integers(1, 6)) for _ in range(axes))
    block = tuple(data.draw(st.integers(1, size)) for size in sizes)
    expected, claimed = _realized(p, block, sizes)

    assert abs(expected - p) <= math.prod(block) * _STEP + 1e-12
    assert abs(claimed - expected) < 1e-12


@pytest.mark.parametrize("p", [1e-9, 0.1, 0.5, 0.9, 0.999, 1 - 1e-9])
@pytest.mark.parametrize(
    ("block", "sizes"),
    [((7, 7), (1000, 1000)), ((31, 31), (4096, 4096)), ((7, 7, 7), (64, 64, 64))],
)
def test_newtons_steps_suffice_on_large_maps(
    p: float, block: tuple[int, ...], sizes: tuple[int, ...]
) -> None:
    _, share = start_rate(p, block, sizes, torch.empty(0))

    assert abs(1 - float(share) - p) <= math.prod(block) * _STEP + 1e-12


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_the_ends_are_exact(p: float) -> None:
    assert start_rate(p, (3, 2), (9, 5), torch.empty(0)) == (p, 1 - p)


def test_a_rate_in_a_tensor_gives_the_same() -> None:
    known = start_rate(0.3, (3, 2), (9, 5), torch.empty(0))
    traced = start_rate(torch.tensor(0.3, dtype=torch.float64), (3, 2), (9, 5), torch.empty(0))

    assert known == tuple(float(number) for number in traced)
