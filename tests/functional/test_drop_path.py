import math

import pytest
import torch

from torchdrop.errors import SettingError
from torchdrop.functional import drop_path, drop_path_rates
from torchdrop.kernels import keep_probability

Z = 5.0

pytestmark = pytest.mark.usefixtures("each_kernel")


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("p", [0.001, 0.1, 0.5, 0.9])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
def test_rows_are_dropped_whole_with_probability_p(p: float, dtype: torch.dtype) -> None:
    """mmcv's `floor(keep + rand)` never drops at p = .001 in bfloat16, and doubles instead."""
    n = 1 << 16
    y = drop_path(torch.ones(n, 3, dtype=dtype), p, training=True, generator=_generator())
    rate = (y[:, 0] == 0).double().mean().item()

    assert torch.equal(y, y[:, :1].expand_as(y))
    assert abs(rate - p) < Z * math.sqrt(p * (1 - p) / n)
    expected = torch.tensor(1 / keep_probability(p)).to(dtype)
    assert torch.equal(y != 0, y == expected)


def test_rows_are_independent_of_each_other() -> None:
    p, n = 0.3, 1 << 16
    y = drop_path(torch.ones(n, 1), p, training=True, generator=_generator())
    k = ((y == 0).double() - p).flatten()
    for lag in (1, 2, 16):
        covariance = (k[lag:] * k[:-lag]).mean().item()
        assert abs(covariance) < Z * p * (1 - p) / math.sqrt(n - lag)


def test_a_batch_is_dropped_by_one_draw() -> None:
    p, calls, generator = 0.3, 1000, _generator()
    x = torch.ones(4, 2)
    ys = [drop_path(x, p, training=True, mode="batch", generator=generator) for _ in range(calls)]
    dropped = [bool((y == 0).all()) for y in ys]

    assert all(bool((y == y[0, 0]).all()) for y in ys)
    assert abs(sum(dropped) / calls - p) < Z * math.sqrt(p * (1 - p) / calls)


def test_the_papers_scheme_rescales_in_evaluation() -> None:
    x = torch.rand(64, 3) + 1
    trained, evaluated = (
        drop_path(x, 0.3, training=training, scale="eval", generator=_generator())
        for training in (True, False)
    )
    kept = trained != 0

    assert torch.equal(trained[kept], x[kept])
    assert torch.equal(evaluated, x * keep_probability(0.3))


def test_dropped_infinities_and_nans_are_zero() -> None:
    x = torch.tensor([math.nan, math.inf]).expand(64, 2)
    kept = drop_path(torch.ones(64, 2), 0.5, training=True, generator=_generator()) != 0
    y = drop_path(x, 0.5, training=True, generator=_generator())

    assert (y[~kept] == 0).all()
    assert torch.equal(drop_path(x, 1.0, training=True), torch.zeros(64, 2))


def test_an_unknown_mode_is_refused() -> None:
    with pytest.raises(SettingError, match="a 'row' or the 'batch'; got 'column'"):
        drop_path(torch.ones(2, 3), training=True, mode="column")  # type: ignore[arg-type]


def test_rates_rise_linearly_to_the_last_block() -> None:
    rates = drop_path_rates(0.2, 12)

    assert torch.allclose(torch.tensor(rates), torch.linspace(0, 0.2, 12))
    assert (rates[0], rates[-1]) == (0.0, 0.2)


def test_rates_of_the_smallest_stacks() -> None:
    assert drop_path_rates(0.3, 0) == ()
    assert drop_path_rates(0.3, 1) == (0.3,)
    assert drop_path_rates(0.3, 2) == (0.0, 0.3)


@pytest.mark.parametrize(("p", "depth"), [(1.5, 3), (-0.1, 3), (math.nan, 3), (0.1, -1)])
def test_impossible_rates_are_refused(p: float, depth: int) -> None:
    with pytest.raises(SettingError):
        drop_path_rates(p, depth)
