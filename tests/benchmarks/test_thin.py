import pytest

from torchdrop.benchmarks import THIN_CONTESTANTS, Budget, benchmark_thin
from torchdrop.errors import SettingError

SHORT = Budget(total_seconds=0.0, rounds=2)


def test_every_contestant_is_timed_in_every_case() -> None:
    result = benchmark_thin(((1, 8), (2, 16)), (4,), (0.25, 0.5), budget=SHORT)

    assert [(c.network, c.batch, c.p) for c in result.cases] == [
        *(("1x8", 4, 0.25), ("1x8", 4, 0.5), ("2x16", 4, 0.25), ("2x16", 4, 0.5)),
    ]
    for case in result.cases:
        assert tuple(case.timings) == THIN_CONTESTANTS
        assert case.ratio("none") == 1
        assert case.to_dict()["ratios"]["thinned / none"] == case.ratio("thinned")


def test_the_limit_is_the_share_of_multiplications_that_is_left() -> None:
    (case,) = benchmark_thin(((2, 100),), (4,), (0.5,), budget=SHORT).cases

    whole = 784 * 100 + 100 * 100 + 100 * 10
    assert case.limit == pytest.approx((784 * 50 + 50 * 50 + 50 * 10) / whole)


def test_bad_settings_are_refused() -> None:
    for settings in ({"networks": ()}, {"batches": (0,)}, {"rates": (1.0,)}):
        with pytest.raises(SettingError):
            benchmark_thin(**settings)
