import math
from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.integrate import quad
from torch import Tensor
from torch.nn.functional import linear
from torch.utils.checkpoint import checkpoint

from torchdrop.functional import (
    variational_dropout,
    variational_kl,
    variational_linear,
    variational_log_alpha,
)

Z = 5.0

pytestmark = pytest.mark.usefixtures("each_kernel")


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _exact_kl(log_alpha: float) -> float:
    """E log|e| - log(alpha) / 2 + C for e ~ N(1, alpha), C such that it falls to 0.

    Integrated over s = log|e|, where the logarithm's pole at e = 0 lies at infinity.
    """
    sigma = math.exp(log_alpha / 2)

    def integrand(s: float) -> float:
        size = math.exp(s)
        tails = sum(math.exp(-0.5 * ((sign * size - 1) / sigma) ** 2) for sign in (1, -1))
        return s * size * tails / (sigma * math.sqrt(2 * math.pi))

    top = math.log(1 + 12 * sigma)
    edges = sorted({-40.0, top, 0.0, *(math.log(max(1 - k * sigma, 1e-9)) for k in (1, 4, 12))})
    mean = sum(quad(integrand, a, b, limit=200)[0] for a, b in pairwise(edges))
    return mean - log_alpha / 2 + (np.euler_gamma + math.log(2)) / 2


def test_the_kl_is_the_integral_within_the_documented_error() -> None:
    grid = np.linspace(-12, 12, 97)
    fit = variational_kl(torch.tensor(grid)).numpy()
    errors = np.abs(fit - [_exact_kl(value) for value in grid])

    assert errors.max() < 0.0095
    assert grid[errors.argmax()] == pytest.approx(-3.5, abs=0.25)
    assert errors.max() > 0.009


def test_the_kl_falls_with_noise_down_to_zero() -> None:
    kl = variational_kl(torch.linspace(-20, 60, 300, dtype=torch.float64))

    assert (kl.diff() < 0).all()
    assert kl[-1] < 1e-12


def test_variational_dropout_has_the_moments_of_its_alpha() -> None:
    n, alpha = 1 << 18, 0.25
    x = torch.full((n,), 3.0, dtype=torch.float64)
    log_alpha = torch.tensor(math.log(alpha))
    y = variational_dropout(x, log_alpha, training=True, generator=_generator()) / 3

    assert abs(y.mean().item() - 1) < Z * math.sqrt(alpha / n)
    assert abs(y.var().item() / alpha - 1) < Z * math.sqrt(2 / n)


def test_each_feature_has_its_own_alpha() -> None:
    log_alpha = torch.tensor([-40.0, 0.0])
    y = variational_dropout(torch.ones(1000, 2), log_alpha, training=True, generator=_generator())

    assert (y[:, 0] == 1).all()
    assert (y[:, 1] != 1).all()


def test_alpha_has_the_gradient_of_finite_differences() -> None:
    x = torch.rand(5, 3, dtype=torch.float64, requires_grad=True)
    log_alpha = torch.zeros(3, dtype=torch.float64, requires_grad=True)

    def function(x: Tensor, log_alpha: Tensor) -> Tensor:
        return variational_dropout(x, log_alpha, training=True, generator=_generator())

    assert torch.autograd.gradcheck(function, (x, log_alpha))


def _weights() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    generator = _generator(1)
    x, weight, bias = (
        torch.randn(*shape, dtype=torch.float64, generator=generator)
        for shape in ((3,), (2, 3), (2,))
    )
    return x, weight, torch.log(weight**2) - 1, bias


def test_outputs_have_the_moments_of_drawn_weights() -> None:
    """The local reparameterization, against its definition."""
    n = 1 << 17
    x, weight, log_sigma2, bias = _weights()
    y = variational_linear(
        x.expand(n, 3), weight, log_sigma2, bias, training=True, generator=_generator()
    )
    variance = (log_sigma2.exp() * x**2).sum(1)
    mean = weight @ x + bias

    assert ((y.mean(0) - mean).abs() < Z * (variance / n).sqrt()).all()
    assert ((y.var(0) / variance - 1).abs() < Z * math.sqrt(2 / n)).all()


def test_rows_and_outputs_have_noise_of_their_own() -> None:
    n = 1 << 16
    x, weight, log_sigma2, _ = _weights()
    y = variational_linear(
        x.expand(n, 3), weight, log_sigma2, training=True, generator=_generator()
    )
    noise = ((y - y.mean(0)) / y.std(0)).T.flatten()
    correlations = [(noise[:-lag] * noise[lag:]).mean().item() for lag in (1, 2, n)]

    assert max(map(abs, correlations)) < Z / math.sqrt(n)


def test_evaluation_is_the_mean_without_the_noisy_weights() -> None:
    x, weight, log_sigma2, bias = _weights()
    log_sigma2[0, 1] += 5
    expected = weight.clone()
    expected[0, 1] = 0
    y = variational_linear(x, weight, log_sigma2, bias, training=False)

    assert torch.equal(y, linear(x, expected, bias))


def test_gradients_are_those_of_finite_differences() -> None:
    leaves = [leaf.requires_grad_() for leaf in (t.detach() for t in _weights())]

    def function(x: Tensor, weight: Tensor, log_sigma2: Tensor, bias: Tensor) -> Tensor:
        return variational_linear(
            x, weight, log_sigma2, bias, training=True, generator=_generator()
        )

    assert torch.autograd.gradcheck(function, leaves)


def test_gradients_are_finite_for_inputs_and_weights_of_zero() -> None:
    x = torch.zeros(2, 3, requires_grad=True)
    weight = torch.zeros(4, 3, requires_grad=True)
    log_sigma2 = torch.full((4, 3), -10.0, requires_grad=True)
    y = variational_linear(x, weight, log_sigma2, training=True)
    cost = y.sum() + variational_kl(variational_log_alpha(log_sigma2, weight)).sum()
    gradients = torch.autograd.grad(cost, (x, weight, log_sigma2))

    assert all(gradient.isfinite().all() for gradient in gradients)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_low_precision_variances_do_not_overflow(dtype: torch.dtype) -> None:
    x = torch.full((2, 64), 300.0, dtype=dtype)
    weight = torch.full((4, 64), 0.01, dtype=dtype)
    y = variational_linear(x, weight, torch.full_like(weight, -9.0), training=True)

    assert y.dtype == dtype
    assert y.isfinite().all()


def test_recomputation_draws_the_same_noise() -> None:
    x, weight, log_sigma2, _ = _weights()
    gradients: list[Tensor] = []
    for recompute in (True, False):
        leaf = weight.clone().requires_grad_()

        def function(w: Tensor) -> Tensor:
            return variational_linear(x, w, log_sigma2, training=True) ** 2

        with torch.random.fork_rng():
            torch.manual_seed(3)
            y = checkpoint(function, leaf, use_reentrant=False) if recompute else function(leaf)
        gradients += torch.autograd.grad(y.sum(), leaf)

    assert torch.equal(*gradients)
