import math
import xml.etree.ElementTree as ET
from statistics import median

import pytest

from torchdrop.report import loss_figure_svg
from torchdrop.report._color import NO_DROPOUT, rate_colors
from torchdrop.report._curves import loss_range, panels
from torchdrop.report._differences import paired_differences
from torchdrop.report._gap import trades
from torchdrop.report._loss import loss_points
from torchdrop.report._scale import limits, positions, spread
from torchdrop.tuning import TuningResult

from .conftest import GRID, ResultFactory


def test_the_loss_figure_holds_every_seed_and_the_interval(result: TuningResult) -> None:
    for point, summary in zip(loss_points(result), result.summaries, strict=True):
        assert summary.validation_loss is not None
        assert point.mean == summary.validation_loss.mean
        assert (point.low, point.high) == (
            summary.validation_loss.low,
            summary.validation_loss.high,
        )
        assert math.fsum(point.seeds.values()) / 5 == pytest.approx(point.mean)


def test_exactly_one_rate_is_marked(result: TuningResult) -> None:
    assert [p.p for p in loss_points(result) if p.mark == "recommended"] == [result.verdict.p]


def test_a_diverged_rate_has_no_mean_and_no_dots(make_result: ResultFactory) -> None:
    result = make_result(diverged=[(0.1, seed) for seed in range(5)])
    point = loss_points(result)[1]
    assert (point.mean, point.seeds, point.diverged) == (None, {}, 5)
    assert paired_differences(result)[0].text == "diverged"


def test_differences_are_paired_by_seed(result: TuningResult) -> None:
    loss = {(m.p, m.seed): m.history.best.validation_loss for m in result.members}
    for difference in paired_differences(result):
        paired = [loss[difference.p, seed] - loss[0.0, seed] for seed in range(5)]
        assert difference.seeds == pytest.approx(paired)
        assert difference.mean == pytest.approx(math.fsum(paired) / 5)


def test_curves_hold_the_epochs_and_leave_diverged_runs_out_of_the_mean(
    make_result: ResultFactory,
) -> None:
    whole, broken = make_result(), make_result(diverged=[(0.2, 4)])
    panel = panels(broken)[2]
    sound = [m for m in whole.members if m.p == 0.2 and m.seed < 4]
    expected = [math.fsum(m.history.epochs[e].training_loss for m in sound) / 4 for e in range(30)]
    assert panel.mean["training"] == pytest.approx(expected)
    assert panel.diverged == 1
    assert panel.seeds[4].best is None


def test_curves_share_a_range_that_holds_all_sound_losses(result: TuningResult) -> None:
    low, high, logarithmic = loss_range(panels(result))
    losses = [e.training_loss for m in result.members for e in m.history.epochs]
    assert low < min(losses) < max(losses) < high
    assert logarithmic


def test_epochs_to_reach_of_the_seeds_give_the_median_of_the_summary(
    result: TuningResult,
) -> None:
    for trade, summary in zip(trades(result), result.summaries, strict=True):
        middle = median(math.inf if epoch is None else epoch for epoch in trade.reached)
        assert middle == (summary.epochs_to_reach or math.inf)
        assert math.fsum(trade.gaps) / len(trade.gaps) == pytest.approx(summary.gap)


def test_no_dropout_is_gray_and_each_other_rate_has_its_own_color() -> None:
    rates = tuple(step / 20 for step in range(12))
    colors = rate_colors(rates)
    assert colors[0.0] == NO_DROPOUT
    assert len(set(colors.values())) == 12


def test_every_color_stands_out_on_white_and_on_near_black() -> None:
    for color in rate_colors(GRID).values():
        assert _contrast(color, "#ffffff") > 2.9
        assert _contrast(color, "#14171b") > 2.9


def test_positions_are_true_to_the_rates_unless_two_would_collide() -> None:
    assert positions((0.0, 0.1, 0.2)) == pytest.approx((0, 1, 2))
    assert positions((0.0, 0.2, 0.3)) == pytest.approx((0, 4 / 3, 2))
    assert positions((0.0, 0.01, 0.5)) == (0, 1, 2)


def test_limits_hold_the_dots_and_cut_intervals_that_would_dwarf_them() -> None:
    low, high = limits([1.0, 2.0], [-1000.0, 2.5])
    assert -2 < low < 1
    assert 2.5 < high < 4
    assert limits([]) == pytest.approx((-0.08, 1.08))
    assert limits([3.0])[0] < 3 < limits([3.0])[1]


def test_dots_side_by_side_are_centered() -> None:
    assert spread(1) == (0.0,)
    assert math.fsum(spread(5)) == pytest.approx(0)


def test_the_standalone_figure_is_a_valid_svg_without_the_pages_colors(
    result: TuningResult,
) -> None:
    svg = loss_figure_svg(result)
    assert ET.fromstring(svg).tag == "{http://www.w3.org/2000/svg}svg"
    assert "var(" not in svg
    assert "currentColor" not in svg
    assert loss_figure_svg(result) == svg


def _contrast(one: str, other: str) -> float:
    dark, light = sorted((_luminance(one), _luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(color: str) -> float:
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
