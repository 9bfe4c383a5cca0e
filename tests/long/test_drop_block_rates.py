"""The realized rates of DropBlock to one percent: a minute, so by hand (`make statistics`)."""

import pytest

from .drop_block_rates import ROWS, Row, maps_needed, sampled_rate

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_the_realized_rate_is_within_one_percent_of_p(row: Row) -> None:
    # So many maps that five standard errors are one percent.
    assert abs(sampled_rate(row, maps_needed(row, 0.01)) / row.p - 1) < 0.01
