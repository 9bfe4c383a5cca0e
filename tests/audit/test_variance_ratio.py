"""How much variance batch norm loses when dropout stops: the formula against drawing."""

import math

import pytest
import torch

from torchdrop.audit.rules._dropout_before_batch_norm import variance_ratio

_N = 400_000


@pytest.mark.parametrize("rectified", [True, False])
@pytest.mark.parametrize("p", [0.1, 0.3, 0.5])
def test_the_ratio_is_what_drawing_gives(p: float, *, rectified: bool) -> None:
    """Five standard errors; that of a variance's logarithm is below sqrt((kurtosis - 1) / n)."""
    torch.manual_seed(0)
    x = torch.randn(_N, dtype=torch.float64)
    x = x.relu() if rectified else x
    dropped = torch.nn.functional.dropout(x, p)
    spread = [(((v - v.mean()) ** 4).mean() / v.var() ** 2 - 1) / _N for v in (x, dropped)]
    error = math.sqrt(float(sum(spread)))

    measured = math.log(float(x.var() / dropped.var()))

    assert abs(measured - math.log(variance_ratio(p, rectified=rectified))) < 5 * error


def test_centered_inputs_lose_what_is_dropped_and_no_dropout_loses_nothing() -> None:
    assert variance_ratio(0.25, rectified=False) == 0.75
    assert variance_ratio(0.0, rectified=True) == 1.0


def test_the_page_names_what_the_formula_gives() -> None:
    assert [round(variance_ratio(p, rectified=True), 2) for p in (0.1, 0.3, 0.5)] == [
        0.86,
        0.61,
        0.41,
    ]
