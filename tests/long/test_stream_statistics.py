"""The mask stream at length, through the kernel in use: minutes, so by hand (`make statistics`).

Every seed is fixed, so a result is reproducible. Counts are held to five standard errors, or the
binomial tail of the same probability. A family of tests shares one bound, chosen so that a sound
stream passes the whole family but once in 10,000 tries (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import pytest
import torch
from scipy import stats
from torch import Tensor

from torchdrop.kernels import draw_seed, keep_probability, kernel, masked_scale_out
from torchdrop.kernels._stream import keep_threshold
from torchdrop.nn import Dropout

pytestmark = pytest.mark.slow

SEED = 0x1BAD_5EED_0DD5
CHUNK = 1 << 24
STEP = 2.0**-32
TAIL = float(stats.norm.sf(5.0))
FAMILY = 1e-4

RATES = [
    1e-6,
    1e-4,
    1 / 256 - 1e-3,
    1 / 256 - STEP,
    1 / 256,
    1 / 256 + STEP,
    1 / 256 + 1e-3,
    0.1,
    0.25,
    0.5,
    0.9,
    255 / 256 - STEP,
    255 / 256,
    255 / 256 + STEP,
    1 - 1e-4,
    1 - 1e-6,
]


@pytest.fixture(scope="module")
def total() -> int:
    """Elements to draw: 2**28, and fewer with the slow kernel."""
    return 1 << (28 if kernel().name == "native" else 22)


def _keep(seed: int, count: int, p: float, start: int = 0) -> Tensor:
    """Draw a mask as the layers do: by masking ones."""
    x = torch.ones(count)
    kept: Tensor = masked_scale_out(x, x, torch.tensor([seed]), p, 1.0, start=start) != 0
    return kept


def _chunks(seed: int, total: int, p: float) -> Iterator[Tensor]:
    """One stream, cut into chunks."""
    size = min(CHUNK, total)
    for start in range(0, total, size):
        yield _keep(seed, size, p, start)


def _critical(tests: int) -> float:
    """The z that a family of two-sided normal tests exceeds by chance with rate `FAMILY`."""
    return float(stats.norm.isf(FAMILY / 2 / tests))


def _assert_binomial(count: int, n: int, rate: float) -> None:
    low, high = stats.binom.ppf(TAIL, n, rate), stats.binom.isf(TAIL, n, rate)
    assert low <= count <= high, f"{count} of {n} at {rate}: not within [{low}, {high}]"


def _covariance_z(a: Tensor, b: Tensor, q: float) -> float:
    """Standard errors between two masks' covariance and 0, where the mean q is known.

    The products `(a - q)(b - q)` have mean 0 and variance `(q (1 - q))**2`, and no two of them
    are correlated, overlapping masks included.
    """
    both, first, second = (int(torch.count_nonzero(mask)) for mask in (a & b, a, b))
    n = a.numel()
    return float((both - q * (first + second) + n * q * q) / (n**0.5 * q * (1 - q)))


def _combine(scores: Sequence[float]) -> float:
    """Add independent z scores of equal weight up to one."""
    return float(sum(scores) / len(scores) ** 0.5)


@pytest.mark.parametrize("p", RATES)
def test_the_number_kept_is_binomial(p: float, total: int) -> None:
    kept = sum(int(torch.count_nonzero(mask)) for mask in _chunks(SEED, total, p))

    _assert_binomial(total - kept, total, 1 - keep_probability(p))


@pytest.mark.parametrize("p", [1e-6, 1e-4, 1 / 256 - 1e-3, 0.1, 0.3, 0.7, 0.9, 1 - 1e-4])
def test_ties_in_the_first_digit_are_decided_by_the_others(p: float, total: int) -> None:
    """What p keeps beyond the rate whose threshold is p's first digit alone is the tie's share."""
    threshold = keep_threshold(p)
    coarse = 1 - (threshold >> 24 << 24) / 2**32
    extra = 0
    for fine, first in zip(_chunks(SEED, total, p), _chunks(SEED, total, coarse), strict=True):
        assert not bool((first & ~fine).any())
        extra += int(torch.count_nonzero(fine & ~first))

    _assert_binomial(extra, total, (threshold & 0xFFFFFF) / 2**32)


@pytest.mark.parametrize("p", [0.5, 0.1])
def test_elements_are_independent_along_and_across_rows(p: float, total: int) -> None:
    """Along a row: lags 1 to 64, 256 and 4096. Across rows: the same column, 1 to 8 rows on."""
    across = {width * rows for width in (10, 50, 64, 1024) for rows in range(1, 9)}
    lags = sorted({*range(1, 65), 256, 4096} | across)
    q = keep_probability(p)
    scores: dict[int, list[float]] = {lag: [] for lag in lags}
    for mask in _chunks(SEED + 1, total // 4, p):
        for lag in lags:
            scores[lag].append(_covariance_z(mask[lag:], mask[:-lag], q))
    worst = max(lags, key=lambda lag: abs(_combine(scores[lag])))

    assert abs(_combine(scores[worst])) < _critical(len(lags)), f"lag {worst}"


@pytest.mark.parametrize("width", [10, 50, 64, 1024])
def test_no_column_is_favored(width: int, total: int) -> None:
    p = 0.3
    rows = total // 4 // width
    kept = _keep(SEED + 2, rows * width, p).reshape(rows, width).sum(0).double()
    q = keep_probability(p)
    scores = (kept - rows * q) / (rows * q * (1 - q)) ** 0.5

    assert scores.abs().max().item() < _critical(width)
    assert stats.chi2.sf((scores**2).sum().item(), width) > FAMILY


@pytest.mark.parametrize("p", [0.5, 0.1])
def test_blocks_are_independent(p: float, total: int) -> None:
    """The numbers kept in blocks of 16, the unit of the generator, at lags up to 64 blocks."""
    q, lags = keep_probability(p), [*range(1, 65), 256, 4096]
    scores: dict[int, list[float]] = {lag: [] for lag in lags}
    for mask in _chunks(SEED + 3, total // 4, p):
        sums = mask.reshape(-1, 16).sum(1).double() - 16 * q
        for lag in lags:
            products = torch.dot(sums[lag:], sums[:-lag]).item()
            scores[lag].append(products / ((len(sums) - lag) ** 0.5 * 16 * q * (1 - q)))

    assert max(abs(_combine(scores[lag])) for lag in lags) < _critical(len(lags))


@pytest.mark.parametrize("p", [0.5, 0.25, 0.1])
def test_patterns_of_blocks_have_their_frequencies(p: float, total: int) -> None:
    """A chi-square over all 65,536 patterns of a block; rare ones share a cell."""
    weights = torch.tensor([1 << lane for lane in range(16)], dtype=torch.int32)
    counts = np.zeros(1 << 16, dtype=np.int64)
    for mask in _chunks(SEED + 4, total, p):
        patterns = (mask.reshape(-1, 16) * weights).sum(1)
        counts += torch.bincount(patterns, minlength=1 << 16).numpy()
    q = keep_probability(p)
    ones = np.array([pattern.bit_count() for pattern in range(1 << 16)])
    expected = total // 16 * q**ones * (1 - q) ** (16 - ones)
    frequent = expected >= 10
    observed, wanted = counts[frequent], expected[frequent]
    if not frequent.all():
        observed = np.append(observed, counts[~frequent].sum())
        wanted = np.append(wanted, expected[~frequent].sum())

    assert stats.chisquare(observed, wanted).pvalue > FAMILY


def _consecutive_seeds() -> list[int]:
    return list(range(8))


def _seeds_one_bit_apart() -> list[int]:
    return [SEED, *(SEED ^ 1 << bit for bit in (0, 1, 15, 31, 32, 33, 61))]


def _seeds_of_layers() -> list[int]:
    """Drawn one after the other from torch's generator, as the layers of a network do."""
    generator = torch.Generator().manual_seed(0)
    return [int(draw_seed(torch.device("cpu"), generator)) for _ in range(8)]


def _seeds_of_ranks() -> list[int]:
    """The first draw of each process, seeded by its rank."""
    generators = [torch.Generator().manual_seed(rank) for rank in range(8)]
    return [int(draw_seed(torch.device("cpu"), generator)) for generator in generators]


@pytest.mark.parametrize(
    "seeds",
    [_consecutive_seeds(), _seeds_one_bit_apart(), _seeds_of_layers(), _seeds_of_ranks()],
    ids=["consecutive seeds", "seeds one bit apart", "layers", "ranks"],
)
@pytest.mark.parametrize("p", [0.5, 0.1])
def test_masks_of_different_seeds_are_independent(seeds: list[int], p: float, total: int) -> None:
    _assert_independent([_keep(seed, total // 16, p) for seed in seeds], p)


@pytest.mark.parametrize("p", [0.5, 0.1])
def test_calls_of_a_layer_are_independent(p: float, total: int) -> None:
    layer, x = Dropout(p), torch.ones(total // 16)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        masks = [layer(x) != 0 for _ in range(8)]

    _assert_independent(masks, p)


def _assert_independent(masks: list[Tensor], p: float) -> None:
    """Compare every two masks, in place and shifted against each other."""
    q, shifts = keep_probability(p), (0, 1, 16, 1024)
    scores = [
        _covariance_z(a[shift:], b[: len(b) - shift], q)
        for a, b in combinations(masks, 2)
        for shift in shifts
    ]

    assert max(abs(score) for score in scores) < _critical(len(scores))


def test_a_long_way_into_the_stream_nothing_changes(total: int) -> None:
    """Beyond index 2**36 the block number leaves its first word; neither half repeats the other."""
    n, p = total // 16, 0.5
    starts = [0, (1 << 32) - n // 2, (1 << 36) - n // 2, 1 << 36, 1 << 40]
    masks = [_keep(SEED, n, p, start) for start in starts]
    for mask in masks:
        _assert_binomial(int(torch.count_nonzero(mask)), n, keep_probability(p))

    scores = [
        _covariance_z(a, b, 0.5)
        for (s, a), (t, b) in combinations(zip(starts, masks, strict=True), 2)
        if abs(s - t) >= n
    ]
    assert max(abs(score) for score in scores) < _critical(len(scores))
