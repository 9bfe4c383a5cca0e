import dataclasses
import math

import pytest
from scipy import stats

from torchdrop.tuning._summary import summarize

from .conftest import MakeMember


def test_differences_are_paired_by_seed(make_member: MakeMember) -> None:
    members = [make_member(0.0, s, [float(s)]) for s in range(3)]
    members += [make_member(0.3, s, [s - d]) for s, d in enumerate((0.1, 0.2, 0.3))]
    row = summarize(members)[1]
    expected = stats.ttest_rel([-0.1, 0.8, 1.7], [0.0, 1.0, 2.0]).confidence_interval(0.95)

    assert row.difference is not None
    assert row.difference.mean == pytest.approx(-0.2)
    assert row.difference.low == pytest.approx(expected.low)
    assert row.difference.high == pytest.approx(expected.high)


def test_the_gap_is_taken_at_the_best_epoch(make_member: MakeMember) -> None:
    members = [make_member(0.0, 0, [3.0, 1.0, 2.0], training=[2.5, 0.75, 0.1])]
    members += [make_member(0.2, 0, [1.0])]

    assert summarize(members)[0].gap == 0.25


def test_epochs_to_reach_are_counted_against_the_same_seeds_run_without_dropout(
    make_member: MakeMember,
) -> None:
    members = [make_member(0.0, 0, [1.0, 0.5]), make_member(0.0, 1, [2.0, 1.0])]
    members += [make_member(0.3, 0, [1.0, 0.7, 0.54]), make_member(0.3, 1, [1.09, 1.0])]
    rows = summarize(members)

    assert rows[0].epochs_to_reach == 2
    assert rows[1].epochs_to_reach == 2  # the median of 3 and 1


def test_a_loss_that_most_seeds_never_reach_is_not_reached(make_member: MakeMember) -> None:
    members = [make_member(0.0, s, [0.5]) for s in range(3)]
    members += [make_member(0.3, s, [0.5 if s == 0 else 0.9]) for s in range(3)]

    assert summarize(members)[1].epochs_to_reach is None


def test_a_diverged_seed_is_counted_and_left_out(make_member: MakeMember) -> None:
    members = [make_member(0.0, s, [1.0]) for s in range(3)]
    members += [make_member(0.3, 0, [math.nan]), *(make_member(0.3, s, [0.5]) for s in (1, 2))]
    row = summarize(members)[1]

    assert row.diverged == 1
    assert row.validation_loss is not None
    assert row.validation_loss.mean == 0.5
    assert row.difference is not None
    assert row.difference.mean == -0.5


def test_a_rate_that_always_diverged_has_no_figures(make_member: MakeMember) -> None:
    members = [make_member(0.0, 0, [1.0]), make_member(0.3, 0, [math.nan])]
    row = summarize(members)[1]

    assert (row.validation_loss, row.difference, row.gap, row.epochs_to_reach) == (None,) * 4


def test_accuracy_never_reaches_beyond_all_rows(make_member: MakeMember) -> None:
    members = [
        dataclasses.replace(make_member(p, seed, [1.0]), test_accuracy=accuracy)
        for p in (0.0, 0.3)
        for seed, accuracy in enumerate((0.8, 1.0))
    ]
    interval = summarize(members)[0].test_accuracy

    assert interval is not None
    assert interval.mean == pytest.approx(0.9)
    assert (interval.low, interval.high) == (0.0, 1.0)
