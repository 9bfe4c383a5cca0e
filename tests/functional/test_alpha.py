import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from torchdrop.errors import SettingError
from torchdrop.functional import (
    alpha_dropout,
    alpha_dropout_,
    feature_alpha_dropout,
    feature_alpha_dropout_,
)
from torchdrop.kernels import draw_mask, keep_probability, seed_for

Z = 5.0
SATURATION = -1.0507009873554804934193349852946 * 1.6732632423543772848170429916717
RATES = [0.05, 0.3, 0.5, 0.9]

pytestmark = pytest.mark.usefixtures("each_kernel")
both = pytest.mark.parametrize("function", [alpha_dropout, feature_alpha_dropout])
Function = Callable[..., Tensor]
Array = npt.NDArray[np.float64]


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _slope_and_shift(p: float) -> tuple[float, float]:
    a = 1 / math.sqrt((1 - p) * (1 + p * SATURATION**2))
    return a, -a * p * SATURATION


def _formula(x: Array, keep: npt.NDArray[np.bool_], p: float) -> Array:
    """The paper's, as it stands there."""
    a, b = _slope_and_shift(p)
    result: Array = a * (x * keep + SATURATION * (1 - keep)) + b
    return result


def _dropped_value(p: float) -> float:
    a, b = _slope_and_shift(p)
    return a * SATURATION + b


def _fourth_moment(p: float) -> float:
    """Of the output for a standard normal input."""
    a, b = _slope_and_shift(p)
    kept = 3 * a**4 + 6 * a**2 * b**2 + b**4
    return (1 - p) * kept + p * _dropped_value(p) ** 4


@both
@pytest.mark.parametrize("p", RATES)
def test_mean_zero_and_variance_one_are_kept(function: Function, p: float) -> None:
    """With as many draws as channels: what is inside a channel only narrows the spread."""
    x = torch.randn(1 << 8, 1 << 8, 4, dtype=torch.float64, generator=_generator(1))
    draws = x.numel() if function is alpha_dropout else x.numel() // 4
    y = function(x, p, training=True, generator=_generator())

    assert abs(y.mean().item()) < Z / math.sqrt(draws)
    assert abs((y**2).mean().item() - 1) < Z * math.sqrt((_fourth_moment(p) - 1) / draws)


@pytest.mark.parametrize("p", RATES)
def test_it_is_the_papers_formula_on_the_same_mask(p: float) -> None:
    x = torch.randn(40, 25, dtype=torch.float64, generator=_generator(1))
    y = alpha_dropout(x, p, training=True, generator=_generator())
    keep = draw_mask((40, 25), seed_for(x, _generator()), p, x)

    # What separates them is the realized p, known to 2**-33.
    assert np.allclose(y.numpy(), _formula(x.numpy(), keep.numpy(), p), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("p", RATES)
def test_torchs_own_is_the_same_formula_on_its_mask(p: float) -> None:
    x = torch.randn(1000, dtype=torch.float64, generator=_generator(1))
    with torch.random.fork_rng():
        torch.manual_seed(0)
        y = torch.nn.functional.alpha_dropout(x, p, training=True)
    keep = (y - _dropped_value(p)).abs() > 1e-9

    assert np.allclose(y.numpy(), _formula(x.numpy(), keep.numpy(), p), rtol=1e-12)


def test_features_share_a_mask_in_each_channel() -> None:
    x = torch.randn(6, 7, 2, 3, dtype=torch.float64, generator=_generator(1))
    y = feature_alpha_dropout(x, 0.4, training=True, generator=_generator())
    keep = draw_mask((6, 7, 1, 1), seed_for(x, _generator()), 0.4, x)

    assert 0 < keep.sum() < keep.numel()
    assert np.allclose(y.numpy(), _formula(x.numpy(), keep.numpy(), 0.4), rtol=1e-8, atol=1e-8)


def test_elements_are_independent() -> None:
    x = torch.randn(1 << 17, dtype=torch.float64, generator=_generator(1))
    y = alpha_dropout(x, 0.5, training=True, generator=_generator())
    for lag in (1, 2, 3, 4, 15, 16, 17, 256, 4096):
        pairs = y[lag:] * y[:-lag]

        assert abs(pairs.mean().item()) < Z / math.sqrt(pairs.numel())


@both
def test_dropped_infinities_and_nans_are_the_saturation(function: Function) -> None:
    x = torch.tensor([math.nan, math.inf, -math.inf, -1.0]).repeat(64, 4).reshape(64, 4, 4)
    y = function(x, 0.5, training=True, generator=_generator())
    keep = function(torch.zeros_like(x), 0.5, training=True, generator=_generator()) > 0

    assert torch.allclose(y[~keep], torch.tensor(_dropped_value(0.5)))
    assert y[keep & x.isnan()].isnan().all()


@both
def test_p_one_is_the_constant_that_the_formula_tends_to(function: Function) -> None:
    """It is 0, as torch has it."""
    x = torch.full((2, 3, 4), math.inf, requires_grad=True)
    y = function(x, 1.0, training=True)
    y.sum().backward()  # type: ignore[no-untyped-call]
    limits = [abs(_dropped_value(1 - 10.0**-k)) for k in range(1, 8)]

    assert x.grad is not None
    assert torch.equal(y, torch.zeros(2, 3, 4))
    assert torch.equal(x.grad, torch.zeros(2, 3, 4))
    assert limits == sorted(limits, reverse=True)
    assert limits[-1] < 1e-3


@both
def test_gradient_is_the_slope_where_kept_and_zero_where_dropped(function: Function) -> None:
    x = torch.randn(20, 10, 3, dtype=torch.float64, requires_grad=True)
    y = function(x, 0.25, training=True, generator=_generator())
    y.sum().backward()  # type: ignore[no-untyped-call]
    dropped = (y - _dropped_value(0.25)).abs() < 1e-9
    slope = torch.tensor(_slope_and_shift(1 - keep_probability(0.25))[0], dtype=torch.float64)

    assert x.grad is not None
    assert torch.allclose(x.grad, torch.where(dropped, 0.0, slope), rtol=1e-12)


@both
def test_gradcheck_and_double_backward(function: Function) -> None:
    x = torch.randn(2, 3, 4, dtype=torch.float64, requires_grad=True)

    def square(x: Tensor) -> Tensor:
        return function(x, 0.4, training=True, generator=_generator()) ** 2

    assert torch.autograd.gradcheck(square, (x,))
    assert torch.autograd.gradgradcheck(square, (x,))


@pytest.mark.parametrize(
    ("function", "most"), [(alpha_dropout, 8), (feature_alpha_dropout, 20 * 10 * 4)]
)
def test_no_dense_mask_is_kept_for_backward(function: Function, most: int) -> None:
    saved: list[Tensor] = []
    x = torch.randn(20, 10, 50, requires_grad=True)

    def keep(tensor: Tensor) -> Tensor:
        saved.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        function(x, 0.5, training=True)

    assert sum(t.untyped_storage().nbytes() for t in saved) <= most


@both
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_low_precision_is_computed_in_float32_and_rounded_once(
    function: Function, dtype: torch.dtype
) -> None:
    x = torch.randn(16, 16, 16, generator=_generator(1)).to(dtype)
    y, wide = (function(t, 0.1, training=True, generator=_generator()) for t in (x, x.float()))

    assert y.dtype == dtype
    assert torch.equal(y, wide.to(dtype))


@pytest.mark.parametrize(
    ("function", "in_place"),
    [(alpha_dropout, alpha_dropout_), (feature_alpha_dropout, feature_alpha_dropout_)],
)
def test_in_place_writes_the_same_into_the_argument(function: Function, in_place: Function) -> None:
    x = torch.randn(4, 5, 6, generator=_generator(1))
    expected, pointer = function(x, 0.5, training=True, generator=_generator()), x.data_ptr()

    assert in_place(x, 0.5, training=True, generator=_generator()) is x
    assert torch.equal(x, expected)
    assert x.data_ptr() == pointer
    assert in_place(x, 0.5, training=False) is x


@both
def test_training_must_be_said(function: Function) -> None:
    """torch's own functions default to doing nothing."""
    with pytest.raises(TypeError, match="training"):
        function(torch.ones(2, 3, 4), 0.5)


@both
def test_nothing_is_drawn_where_nothing_changes(function: Function) -> None:
    x, generator = torch.ones(2, 3, 4), _generator()
    before = generator.get_state()

    assert function(x, 0.5, training=False, generator=generator) is x
    assert function(x, 0.0, training=True, generator=generator) is x
    assert torch.equal(generator.get_state(), before)


@both
def test_a_rate_that_differs_between_members_is_each_members_own(function: Function) -> None:
    x = torch.randn(20, 10, 2, dtype=torch.float64, generator=_generator(1))
    rates = torch.tensor([0.0, 0.5, 1.0])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        y = torch.func.vmap(lambda p: function(x, p, training=True), randomness="same")(rates)
        torch.manual_seed(0)
        half = function(x, 0.5, training=True)

    assert torch.allclose(y[0], x, rtol=0, atol=1e-14)
    assert torch.allclose(y[1], half, rtol=0, atol=1e-14)
    assert torch.equal(y[2], torch.zeros_like(x))


def test_an_unbatched_input_is_a_batch_of_one() -> None:
    x = torch.randn(50, 4)
    alone = feature_alpha_dropout(x, 0.5, training=True, batched=False, generator=_generator())
    batch = feature_alpha_dropout(x.unsqueeze(0), 0.5, training=True, generator=_generator())

    assert torch.equal(alone, batch.squeeze(0))


@pytest.mark.parametrize("training", [True, False])
def test_too_few_axes_are_refused(training: bool) -> None:
    with pytest.raises(SettingError, match=r"2 axes.*Use AlphaDropout .* or batched=False"):
        feature_alpha_dropout(torch.ones(4, 5), training=training)
    with pytest.raises(SettingError, match=r"takes \(C, \.\.\.\).*1 axes"):
        feature_alpha_dropout(torch.ones(4), training=training, batched=False)


@both
@pytest.mark.parametrize("dtype", [torch.int64, torch.bool, torch.complex64])
def test_what_has_no_order_or_no_fraction_is_refused(
    function: Function, dtype: torch.dtype
) -> None:
    with pytest.raises(TypeError, match=r"floating point.*got torch\."):
        function(torch.ones(2, 3, 4, dtype=dtype), 0.5, training=False)


@both
@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan])
def test_p_out_of_range_is_refused(function: Function, p: float) -> None:
    with pytest.raises(SettingError, match="probability of dropping"):
        function(torch.ones(2, 3, 4), p, training=False)
