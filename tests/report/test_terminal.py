import io

import pytest
from rich.console import Console, RenderableType

from torchdrop.report import render_table, render_verdict
from torchdrop.report._numbers import decimals, duration, ends, number, typographic
from torchdrop.tuning import Interval, TuningResult

from .conftest import ResultFactory


def _plain(renderable: RenderableType, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(renderable)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_the_recommended_row_is_marked_without_color(result: TuningResult) -> None:
    marked = [line for line in _plain(render_table(result)).splitlines() if line.startswith("*")]
    assert marked[0].split()[1] == f"{result.verdict.p:g}"
    assert len(marked) == 2  # the row and the caption


def test_the_table_fits_into_80_columns_with_whole_numbers(result: TuningResult) -> None:
    text = _plain(render_table(result))
    for summary in result.summaries:
        assert summary.difference is None or f"{summary.difference.mean:+.4f}" in text
        assert ends(summary.validation_loss, 4) in text
        assert ends(summary.difference, 4, sign=True) in text


def test_the_terminal_text_is_ascii(result: TuningResult) -> None:
    assert (_plain(render_table(result)) + _plain(render_verdict(result))).isascii()


def test_the_verdict_is_followed_by_its_reason_and_the_effect(result: TuningResult) -> None:
    lines = _plain(render_verdict(result), width=500).splitlines()
    assert lines[:2] == [result.verdict.sentence, result.verdict.reason]
    assert "generalization gap shrank" in lines[2]


def test_diverged_runs_are_named(make_result: ResultFactory) -> None:
    result = make_result(diverged=[(0.1, seed) for seed in range(5)] + [(0.3, 2)])
    assert "5 of 5 runs at p = 0.1, 1 of 5 runs at p = 0.3" in _plain(
        render_verdict(result), width=500
    )
    assert "1 of 5 diverged" in _plain(render_table(result))


def test_regression_has_a_test_loss_and_no_accuracy(make_result: ResultFactory) -> None:
    text = _plain(render_table(make_result(task="regression")))
    assert "test loss" in text
    assert "accuracy" not in text


def test_one_seed_has_no_brackets(make_result: ResultFactory) -> None:
    rows = _plain(render_table(make_result(seeds=1))).splitlines()[:-1]
    assert not any("[" in row for row in rows)


@pytest.mark.parametrize(
    ("largest", "expected"),
    [(0.0123, 5), (0.312, 4), (2.5, 3), (1234.5, 0), (0.0, 4), (float("nan"), 4)],
)
def test_decimals_leave_four_significant_digits(largest: float, expected: int) -> None:
    assert decimals([largest, largest / 10]) == expected


def test_numbers_are_written_plainly() -> None:
    assert number(None, 3) == "n/a"
    assert number(0.5, 2, sign=True) == "+0.50"
    assert ends(Interval(1.0, None, None), 2) == ""
    assert duration(0.25) == "0.25 s"
    assert duration(7300) == "2 h 02 min"


def test_the_page_gets_minus_signs_only_before_numbers() -> None:
    assert typographic("-0.5 x-1 [-2") == "\N{MINUS SIGN}0.5 x-1 [\N{MINUS SIGN}2"
