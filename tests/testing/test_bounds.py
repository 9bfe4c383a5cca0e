import math

import pytest

from torchdrop.testing._bounds import TAIL, share_bound


def test_the_tail_is_that_of_five_sigma() -> None:
    assert pytest.approx(math.erfc(5 / math.sqrt(2)) / 2) == TAIL


@pytest.mark.parametrize("above", [True, False])
def test_for_many_draws_the_bound_is_five_standard_deviations(above: bool) -> None:
    n, p = 10**8, 0.3

    assert share_bound(n, p, above=above) == pytest.approx(5 * (p * (1 - p) / n) ** 0.5, rel=1e-3)


@pytest.mark.parametrize(("n", "p"), [(64, 0.5), (1000, 0.003), (16384, 0.001)])
def test_a_count_beyond_the_bound_is_rarer_than_five_sigma(n: int, p: float) -> None:
    """The probabilities are summed one by one."""
    chances = [_chance(n, k, p) for k in range(min(n, 150) + 1)]
    high = n * (p + share_bound(n, p, above=True))
    low = n * (p - share_bound(n, p, above=False))

    assert sum(c for k, c in enumerate(chances) if k > high) <= TAIL
    assert sum(c for k, c in enumerate(chances) if k > high - 1) > TAIL
    assert sum(c for k, c in enumerate(chances) if k < low) <= TAIL


def _chance(n: int, k: int, p: float) -> float:
    """The binomial probability, by logarithms."""
    ways = math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
    return math.exp(ways + k * math.log(p) + (n - k) * math.log1p(-p))
