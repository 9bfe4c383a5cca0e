import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import stats

from torchdrop.kernels import draw_seed, keep_mask, keep_probability
from torchdrop.kernels._stream import keep_threshold, philox, uniform_bits

Z = 5.0  # standard errors; a sound stream fails such a test once in 1.7 million


def _words(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ("0 0 0 0", "0 0", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        (
            "ffffffff ffffffff ffffffff ffffffff",
            "ffffffff ffffffff",
            "408f276d 41c83b0e a20bc7c6 6d5451fd",
        ),
        (
            "243f6a88 85a308d3 13198a2e 03707344",
            "a4093822 299f31d0",
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_philox_gives_the_known_answers_of_random123(counter: str, key: str, expected: str) -> None:
    counters = torch.tensor(_words(counter)).unsqueeze(1)
    words = philox(counters, torch.tensor(_words(key)))

    assert words.flatten().tolist() == _words(expected)


def _philox_by_hand(counter: list[int], key: list[int]) -> list[int]:
    """Philox4x32-10 as the paper writes it, in Python integers."""
    a, b, c, d = counter
    k, m = key
    for _ in range(10):
        left, right = a * 0xD2511F53, c * 0xCD9E8D57
        a, b = (right >> 32) ^ b ^ k, right & 0xFFFFFFFF
        c, d = (left >> 32) ^ d ^ m, left & 0xFFFFFFFF
        k, m = (k + 0x9E3779B9) & 0xFFFFFFFF, (m + 0xBB67AE85) & 0xFFFFFFFF
    return [a, b, c, d]


def _bits_by_hand(seed: int, index: int) -> int:
    """The module's docstring, line by line."""
    block, lane = divmod(index, 16)
    bits = 0
    for level in range(4):
        counter = [block & 0xFFFFFFFF, block >> 32, level, 0]
        words = _philox_by_hand(counter, [seed & 0xFFFFFFFF, seed >> 32])
        bits = bits << 8 | (words[lane // 4] >> 8 * (lane % 4)) & 0xFF
    return bits


@pytest.mark.parametrize("start", [0, 5, 2**36 - 3, 2**40 + 7])
def test_bits_equal_the_written_specification(start: int) -> None:
    seed = 0x2BCD_EF01_2345_6789
    bits = uniform_bits(torch.tensor([seed]), 40, start=start)

    assert bits.tolist() == [_bits_by_hand(seed, start + i) for i in range(40)]


def test_a_chunk_equals_its_place_in_the_whole() -> None:
    seed = torch.tensor(11)
    whole = keep_mask(seed, 1000, 0.37)
    chunks = [keep_mask(seed, 77, 0.37, start=s) for s in range(0, 1000 - 77, 77)]

    assert torch.equal(torch.cat(chunks), whole[: 77 * len(chunks)])


@pytest.mark.parametrize("p", [0.0, 1e-6, 1 / 256, 0.1, 1 / 3, 0.5, 0.9, 1 - 1e-6, 1.0])
def test_keep_probability_is_exact_to_half_a_step(p: float) -> None:
    assert abs(keep_probability(p) - (1 - p)) <= 2.0**-33


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_the_ends_are_exact(p: float) -> None:
    assert (keep_mask(torch.tensor(1), 10_000, p) == (p == 0)).all()


@pytest.mark.parametrize("p", [1e-3, 1 / 256 - 1e-4, 1 / 256, 1 / 256 + 1e-4, 0.1, 0.5, 0.9, 0.999])
def test_the_number_kept_is_binomial(p: float) -> None:
    n = 1 << 20
    kept = int(keep_mask(torch.tensor(3), n, p).sum())
    deviation = math.sqrt(n * p * (1 - p))

    assert abs(kept - n * keep_probability(p)) < Z * deviation


def test_counts_of_many_masks_follow_the_binomial_distribution() -> None:
    n, p, trials = 64, 0.3, 4000
    masks = keep_mask(torch.tensor(5), n * trials, p).reshape(trials, n)
    counts = np.bincount(masks.sum(1).numpy(), minlength=n + 1)
    expected = stats.binom.pmf(np.arange(n + 1), n, 1 - p) * trials
    frequent = expected >= 10  # chi-square needs counts; the tails become one cell
    observed = np.append(counts[frequent], counts[~frequent].sum())
    wanted = np.append(expected[frequent], expected[~frequent].sum())

    assert stats.chisquare(observed, wanted).pvalue > 1e-6


@pytest.mark.parametrize("lag", [1, 2, 4, 15, 16, 17, 64, 256])
def test_neighbors_are_independent(lag: int) -> None:
    mask = keep_mask(torch.tensor(8), 1 << 18, 0.5).double() * 2 - 1
    products = mask[lag:] * mask[:-lag]

    assert abs(products.mean().item()) < Z / math.sqrt(len(products))


@pytest.mark.parametrize("other", [43, 42 + 2**32, 42 + 2**61])
def test_seeds_are_independent(other: int) -> None:
    n = 1 << 18
    first, second = (keep_mask(torch.tensor(s), n, 0.5).double() * 2 - 1 for s in (42, other))

    assert abs((first * second).mean().item()) < Z / math.sqrt(n)


@pytest.mark.parametrize("level", range(4))
def test_every_digit_is_uniform(level: int) -> None:
    bits = uniform_bits(torch.tensor(9), 1 << 18)
    counts = torch.bincount((bits >> 8 * level) & 0xFF, minlength=256)

    assert stats.chisquare(counts.numpy()).pvalue > 1e-6


def test_a_larger_p_drops_a_superset() -> None:
    seed = torch.tensor(2)
    masks = [keep_mask(seed, 5000, p) for p in (0.1, 0.2, 0.3)]

    assert all(bool((b <= a).all()) for a, b in pairwise(masks))


def test_threshold_covers_the_whole_range() -> None:
    assert (keep_threshold(0.0), keep_threshold(0.5), keep_threshold(1.0)) == (2**32, 2**31, 0)


def test_seeds_are_fresh_reproducible_and_in_range() -> None:
    cpu = torch.device("cpu")
    generator = torch.Generator().manual_seed(0)
    seeds = [draw_seed(cpu, generator).item() for _ in range(1000)]
    again = draw_seed(cpu, torch.Generator().manual_seed(0)).item()

    assert len(set(seeds)) == 1000
    assert again == seeds[0]
    assert all(0 <= seed < 2**62 for seed in seeds)
