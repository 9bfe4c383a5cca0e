import pytest

from torchdrop.benchmarks import (
    THIN_CONTESTANTS,
    THIN_OPTIMIZERS,
    Budget,
    benchmark_thin,
    hidden_layers,
)
from torchdrop.errors import SettingError

SHORT = Budget(total_seconds=0.0, rounds=2)


@pytest.mark.parametrize("optimizer", THIN_OPTIMIZERS)
def test_every_contestant_is_timed_in_every_case(optimizer: str) -> None:
    networks = (6, 8, 3), (6, 16, 16, 3)
    result = benchmark_thin(networks, (4,), (0.25, 0.5), optimizer=optimizer, budget=SHORT)

    assert [(c.network, c.batch, c.p) for c in result.cases] == [
        *(("6-8-3", 4, 0.25), ("6-8-3", 4, 0.5), ("6-16-16-3", 4, 0.25), ("6-16-16-3", 4, 0.5)),
    ]
    for case in result.cases:
        assert tuple(case.timings) == THIN_CONTESTANTS
        assert case.ratio("none") == 1
        assert case.to_dict()["ratios"]["thinned / none"] == case.ratio("thinned")


def test_the_limit_is_the_share_of_multiplications_that_is_left() -> None:
    (case,) = benchmark_thin((hidden_layers(2, 100),), (4,), (0.5,), budget=SHORT).cases

    whole = 784 * 100 + 100 * 100 + 100 * 10
    assert case.limit == pytest.approx((784 * 50 + 50 * 50 + 50 * 10) / whole)


def test_bad_settings_are_refused() -> None:
    for settings in (
        {"networks": ()},
        {"networks": ((3, 4),)},
        {"batches": (0,)},
        {"rates": (1.0,)},
        {"optimizer": "adam"},
    ):
        with pytest.raises(SettingError):
            benchmark_thin(**settings)


def test_hidden_layers_stand_between_pixels_and_classes() -> None:
    assert hidden_layers(2, 30) == (784, 30, 30, 10)
    with pytest.raises(SettingError, match="0x30"):
        hidden_layers(0, 30)
