import math

import numpy as np
import pytest
import torch
from torch import Tensor

from torchdrop.errors import SettingError
from torchdrop.functional import concrete_dropout, concrete_kl, dropout, log_odds

Z = 5.0

pytestmark = pytest.mark.usefixtures("each_kernel")


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _logit(p: float, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.tensor(log_odds(p), dtype=dtype)


def _expected_factor(p: float, temperature: float) -> tuple[float, float]:
    """Mean and standard deviation of (1 - z) / (1 - p), by the midpoint rule over u."""
    u = (np.arange(1_000_000) + 0.5) / 1_000_000
    z = 1 / (1 + np.exp(-(np.log(p / (1 - p)) + np.log(u / (1 - u))) / temperature))
    factors = (1 - z) / (1 - p)
    return float(factors.mean()), float(factors.std())


@pytest.mark.parametrize("p", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("temperature", [0.1, 0.5])
@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_the_mean_is_that_of_the_relaxed_mask(p: float, temperature: float) -> None:
    n = 1 << 18
    x = torch.ones(n, dtype=torch.float64)
    y = concrete_dropout(
        x, _logit(p), training=True, temperature=temperature, generator=_generator()
    )
    mean, deviation = _expected_factor(p, temperature)

    assert abs(y.mean().item() - mean) < Z * deviation / math.sqrt(n)


@pytest.mark.filterwarnings("ignore:overflow:RuntimeWarning")
def test_the_mean_is_kept_as_closely_as_documented() -> None:
    biases = [abs(_expected_factor(p, 0.1)[0] - 1) for p in (0.01, 0.1, 0.2, 0.3, 0.4, 0.6, 0.7)]

    assert max(biases) < 0.005
    assert _expected_factor(0.9, 0.1)[0] == pytest.approx(1.012, abs=5e-4)


def test_a_cold_mask_is_that_of_dropout() -> None:
    x = torch.rand(4096, dtype=torch.float64) + 1
    cold = concrete_dropout(x, _logit(0.3), training=True, temperature=1e-9, generator=_generator())
    hard = dropout(x, 0.3, training=True, generator=_generator())

    assert torch.allclose(cold, hard, rtol=1e-8, atol=0)


def test_the_rate_and_the_input_have_the_gradients_of_finite_differences() -> None:
    x = torch.rand(6, 5, dtype=torch.float64, requires_grad=True)
    p_logit = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)

    def function(x: Tensor, p_logit: Tensor) -> Tensor:
        return concrete_dropout(x, p_logit, training=True, temperature=0.7, generator=_generator())

    assert torch.autograd.gradcheck(function, (x, p_logit))
    assert torch.autograd.gradgradcheck(function, (x, p_logit))


def test_dims_share_the_mask() -> None:
    x = torch.ones(3, 4, 5, 6)
    y = concrete_dropout(x, _logit(0.5), training=True, dims=(0, 1), generator=_generator())

    assert torch.equal(y, y[:, :, :1, :1].expand_as(y))
    assert len(set(y[:, :, 0, 0].flatten().tolist())) == 12


def test_the_input_is_not_written_to() -> None:
    """PyPI's concretedropout 0.2.1 multiplies it in place, and fails on a leaf."""
    x = torch.rand(50, requires_grad=True)
    before = x.detach().clone()
    concrete_dropout(x, _logit(0.5), training=True).sum().backward()  # type: ignore[no-untyped-call]

    assert torch.equal(x, before)
    assert x.grad is not None


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("p", [0.0, 1e-4, 0.5, 0.9999, 1.0])
def test_low_precision_stays_finite(dtype: torch.dtype, p: float) -> None:
    """An epsilon of 1e-7 against log(0), as in the authors' code, is 0 in float16."""
    x = torch.ones(1 << 16, dtype=dtype)
    p_logit = _logit(p, dtype).requires_grad_()
    y = concrete_dropout(x, p_logit, training=True, generator=_generator())
    y.float().mean().backward()  # type: ignore[no-untyped-call]

    assert y.isfinite().all()
    assert p_logit.grad is not None
    assert p_logit.grad.isfinite()


def test_low_precision_equals_float32_rounded_once() -> None:
    x = torch.rand(1000).to(torch.bfloat16)
    y = concrete_dropout(x, _logit(0.3, torch.float32), training=True, generator=_generator())
    wide = concrete_dropout(
        x.float(), _logit(0.3, torch.float32), training=True, generator=_generator()
    )

    assert torch.equal(y, wide.to(torch.bfloat16))


def test_p_zero_changes_nothing_and_p_one_leaves_nothing() -> None:
    x = torch.rand(1000, dtype=torch.float64)

    assert torch.equal(concrete_dropout(x, _logit(0.0), training=True), x)
    assert concrete_dropout(x, _logit(1.0), training=True).abs().max() < 1e-30


def test_evaluation_draws_nothing_and_returns_the_input() -> None:
    generator, x = _generator(), torch.ones(5)
    before = generator.get_state()

    assert concrete_dropout(x, _logit(0.5), training=False, generator=generator) is x
    assert torch.equal(generator.get_state(), before)


@pytest.mark.parametrize("temperature", [0.0, -1.0, math.nan])
def test_a_temperature_of_zero_or_less_is_refused(temperature: float) -> None:
    with pytest.raises(SettingError, match="temperature is a number above 0"):
        concrete_dropout(torch.ones(2), _logit(0.5), training=False, temperature=temperature)


def test_integers_are_refused() -> None:
    with pytest.raises(TypeError, match=r"got torch\.int64"):
        concrete_dropout(torch.arange(3), _logit(0.5), training=True)


@pytest.mark.parametrize("p", [1e-6, 0.2, 0.5, 0.97])
def test_the_cost_is_that_of_the_formula(p: float) -> None:
    weight = torch.randn(3, 7, dtype=torch.float64, generator=_generator())
    entropy = -(p * math.log(p) + (1 - p) * math.log1p(-p))
    square = float((weight.numpy() ** 2).sum())

    cost = concrete_kl(_logit(p), weight, length_scale=0.5)
    assert cost.item() == pytest.approx(0.5**2 / 2 * square / (1 - p) - 7 * entropy)


def test_the_weight_term_is_the_mean_of_the_prior_over_masks() -> None:
    """-log N(W; 0, 1) of the masked weights, where rescaling makes W / (1 - p) of W."""
    p, weight = 0.3, torch.randn(2, 4, dtype=torch.float64, generator=_generator())
    masks = torch.cartesian_prod(*[torch.tensor([0.0, 1.0], dtype=torch.float64)] * 4)
    chances = torch.where(masks == 1, 1 - p, p).prod(1)
    energies = ((weight * masks[:, None] / (1 - p)) ** 2).sum((1, 2)) / 2

    weights_only = concrete_kl(_logit(p), weight, units=0)
    assert weights_only.item() == pytest.approx((chances * energies).sum().item())


@pytest.mark.parametrize("p", [0.0, 1.0])
def test_the_cost_is_finite_at_both_ends(p: float) -> None:
    p_logit = _logit(p, torch.float16).requires_grad_()
    weight = torch.ones(2, 3, dtype=torch.float16)
    cost = concrete_kl(p_logit, weight)
    cost.backward()  # type: ignore[no-untyped-call]

    assert cost.isfinite()
    assert p_logit.grad is not None
    assert not p_logit.grad.isnan()


def test_the_cost_has_the_gradients_of_finite_differences() -> None:
    weight = torch.randn(3, 4, dtype=torch.float64, requires_grad=True)
    p_logit = torch.tensor(-0.8, dtype=torch.float64, requires_grad=True)

    assert torch.autograd.gradcheck(concrete_kl, (p_logit, weight))
