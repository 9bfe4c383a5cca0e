import numpy as np
import pytest

from torchdrop.data._split import Shares, divide, missing_classes
from torchdrop.data._targets import Target, read_target
from torchdrop.errors import DataError, SettingError


def _classes(*counts: int) -> Target:
    return read_target(np.repeat(np.arange(len(counts)), counts), None)


@pytest.mark.parametrize("target", [_classes(60, 40), read_target(np.arange(100.0), None)])
def test_the_parts_share_no_row_and_lose_none(target: Target) -> None:
    division = divide(target, Shares(), own_test=False)
    parts = [division.train, division.validation, division.test]
    assert [len(rows) for rows in parts] == [64, 16, 20]
    assert sorted(np.concatenate(parts).tolist()) == list(range(100))


def test_classes_keep_their_proportions_in_every_part() -> None:
    target = _classes(300, 100)
    division = divide(target, Shares(seed=3), own_test=False)
    for rows in (division.train, division.validation, division.test):
        assert target.values[rows].mean() == 0.25


def test_the_same_seed_gives_the_same_parts_and_another_seed_others() -> None:
    first, again, other = (
        divide(_classes(50, 50), Shares(seed), own_test=False).train.tolist() for seed in (1, 1, 2)
    )
    assert first == again
    assert first != other


def test_no_test_rows_are_taken_from_data_with_a_test_part() -> None:
    division = divide(_classes(50, 50), Shares(validation=0.1), own_test=True)
    assert (len(division.train), len(division.validation), len(division.test)) == (90, 10, 0)


def test_three_rows_of_each_class_are_enough_for_one_in_each_part() -> None:
    target = _classes(*(3,) * 10)
    division = divide(target, Shares(), own_test=False)
    for rows in (division.train, division.validation, division.test):
        assert sorted(target.values[rows]) == list(range(10))


def test_a_class_of_two_rows_is_refused_by_name() -> None:
    with pytest.raises(DataError, match="at least 3 rows, one for each part; '1' has 2"):
        divide(_classes(50, 2), Shares(), own_test=False)


def test_too_few_rows_are_refused() -> None:
    with pytest.raises(DataError, match="2 rows; give at least 3"):
        divide(read_target(np.array([0.5, 1.5]), None), Shares(), own_test=False)


def test_shares_that_leave_a_class_nothing_to_train_on_are_refused() -> None:
    with pytest.raises(DataError, match="cannot be divided with these shares"):
        divide(_classes(100, 3), Shares(validation=0.9, test=0.9), own_test=False)


def test_classes_absent_from_a_part_are_noted() -> None:
    target = _classes(3, 3, 3)
    assert missing_classes(target, np.array([0, 3]), "test") == (
        "The test part has no row of these classes: '2'.",
    )
    assert missing_classes(target, np.arange(9), "test") == ()


@pytest.mark.parametrize("name", ["validation", "test"])
@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 20, float("nan")])
def test_shares_outside_0_and_1_are_refused(name: str, share: float) -> None:
    with pytest.raises(SettingError, match=f"{name} is a share .* got {share}"):
        Shares(**{name: share})  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_seeds_out_of_range_are_refused(seed: int) -> None:
    with pytest.raises(SettingError, match="seed is an integer"):
        Shares(seed=seed)
