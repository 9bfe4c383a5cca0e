import math

import pytest
import torch
from torch import Tensor
from torch._dynamo.testing import CompileCounter
from torch.utils.checkpoint import checkpoint

from torchdrop.errors import SettingError
from torchdrop.functional import dropout, gaussian_dropout, gaussian_noise

Z = 5.0
N = 1 << 18
HALVES = (torch.float16, torch.bfloat16)

pytestmark = pytest.mark.usefixtures("each_kernel")


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _factors(p: float, seed: int = 0) -> Tensor:
    x = torch.ones(N, dtype=torch.float64)
    return gaussian_dropout(x, p, training=True, generator=_generator(seed))


def _noise(seed: int = 0) -> Tensor:
    x = torch.zeros(N, dtype=torch.float64)
    return gaussian_noise(x, 1.0, training=True, generator=_generator(seed))


def _bytes_saved(function: torch.nn.Module) -> int:
    saved: list[Tensor] = []

    def keep(tensor: Tensor) -> Tensor:
        saved.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        function(torch.randn(1000, requires_grad=True))
    return sum(t.untyped_storage().nbytes() for t in saved)


@pytest.mark.parametrize("p", [0.01, 0.1, 0.5, 0.9])
def test_noise_has_the_mean_and_variance_of_dropouts_mask(p: float) -> None:
    """Chapter point 1: the Gaussian twin of Bernoulli noise."""
    variance = p / (1 - p)
    y = _factors(p)
    bernoulli = dropout(torch.ones_like(y), p, training=True, generator=_generator())
    spread = math.sqrt(((1 - p) ** 3 + p**3) * p * (1 - p) - (p * (1 - p)) ** 2) / (1 - p) ** 2

    assert abs(y.mean().item() - 1) < Z * math.sqrt(variance / N)
    assert abs(y.var().item() / variance - 1) < Z * math.sqrt(2 / N)
    assert abs(bernoulli.var().item() - variance) < Z * spread / math.sqrt(N) + Z**2 * variance / N


@pytest.mark.parametrize("seed", range(3))
def test_noise_is_normal(seed: int) -> None:
    """The Dvoretzky-Kiefer-Wolfowitz bound, at the level of five standard deviations."""
    ordered = _noise(seed).sort().values
    distance = (torch.special.ndtr(ordered) - (torch.arange(N) + 0.5) / N).abs().max().item()

    assert distance < math.sqrt(math.log(2 / 6e-7) / (2 * N)) + 0.5 / N


@pytest.mark.parametrize("draw", [lambda: _factors(0.5) - 1, _noise])
def test_elements_are_independent(draw: torch.nn.Module) -> None:
    noise = draw()
    for lag in (1, 2, 3, 4, 15, 16, 17, 256, 4096):
        pairs = noise[lag:] * noise[:-lag]

        assert abs(pairs.mean().item()) < Z / math.sqrt(pairs.numel())


@pytest.mark.parametrize("dtype", HALVES)
def test_low_precision_is_computed_in_float32_and_rounded_once(dtype: torch.dtype) -> None:
    x = torch.randn(4096, generator=_generator(1)).to(dtype)
    for function in (gaussian_dropout, gaussian_noise):
        y, wide = (function(t, 0.3, training=True, generator=_generator()) for t in (x, x.float()))

        assert y.dtype == dtype
        assert torch.equal(y, wide.to(dtype))


def test_complex_elements_get_one_real_factor() -> None:
    x = torch.randn(100, dtype=torch.complex128, generator=_generator(1))
    y = gaussian_dropout(x, 0.5, training=True, generator=_generator())
    factors = gaussian_dropout(
        torch.ones(100, dtype=torch.float64), 0.5, training=True, generator=_generator()
    )

    assert torch.allclose(y, x * factors, rtol=1e-14)


@pytest.mark.parametrize("function", [gaussian_dropout, gaussian_noise])
def test_strides_do_not_change_the_noise(function: torch.nn.Module) -> None:
    x = torch.rand(6, 5, 4)
    strided = x.permute(2, 0, 1).contiguous().permute(1, 2, 0)
    y, z = (function(t, 0.5, training=True, generator=_generator()) for t in (x, strided))

    assert not strided.is_contiguous()
    assert torch.equal(y, z)


@pytest.mark.parametrize("function", [gaussian_dropout, gaussian_noise])
def test_noise_is_fresh_and_reproducible(function: torch.nn.Module) -> None:
    x, generator = torch.ones(100), _generator(1)
    first, second = (function(x, 0.5, training=True, generator=generator) for _ in range(2))

    assert not torch.equal(first, second)
    assert torch.equal(first, function(x, 0.5, training=True, generator=_generator(1)))


@pytest.mark.parametrize("function", [gaussian_dropout, gaussian_noise])
def test_nothing_is_drawn_where_nothing_changes(function: torch.nn.Module) -> None:
    x, generator = torch.ones(5), _generator()
    before = generator.get_state()

    assert function(x, 0.5, training=False, generator=generator) is x
    assert function(x, 0.0, training=True, generator=generator) is x
    assert torch.equal(generator.get_state(), before)


def test_dropouts_gradient_is_its_noise() -> None:
    x = torch.randn(600, dtype=torch.float64, requires_grad=True)
    gaussian_dropout(x, 0.25, training=True, generator=_generator()).sum().backward()  # type: ignore[no-untyped-call]
    factors = gaussian_dropout(
        torch.ones_like(x), 0.25, training=True, generator=_generator()
    ).detach()

    assert x.grad is not None
    assert torch.equal(x.grad, factors)


def test_noises_gradient_passes_unchanged() -> None:
    x = torch.randn(600, requires_grad=True)
    gaussian_noise(x, 0.25, training=True).sum().backward()  # type: ignore[no-untyped-call]

    assert x.grad is not None
    assert (x.grad == 1).all()


def test_no_noise_is_kept_for_backward() -> None:
    """Dropout keeps a seed and a deviation; the sum keeps nothing."""
    assert _bytes_saved(lambda x: gaussian_dropout(x, 0.5, training=True)) == 16  # type: ignore[arg-type]
    assert _bytes_saved(lambda x: gaussian_noise(x, 0.5, training=True)) == 0  # type: ignore[arg-type]


@pytest.mark.parametrize("function", [gaussian_dropout, gaussian_noise])
def test_gradcheck_and_double_backward(function: torch.nn.Module) -> None:
    x = torch.randn(4, 7, dtype=torch.float64, requires_grad=True)

    def square(x: Tensor) -> Tensor:
        result: Tensor = function(x, 0.4, training=True, generator=_generator()) ** 2
        return result

    assert torch.autograd.gradcheck(square, (x,))
    assert torch.autograd.gradgradcheck(square, (x,))


def test_members_under_vmap_have_a_rate_of_their_own() -> None:
    x, rates = torch.ones(50, dtype=torch.float64), torch.tensor([0.1, 0.5, 0.8])
    with torch.random.fork_rng():
        torch.manual_seed(0)
        y = torch.func.vmap(lambda p: gaussian_dropout(x, p, training=True), randomness="same")(
            rates
        )
    exact = rates.double()
    standard = (y - 1) / (exact / (1 - exact)).sqrt().unsqueeze(1)

    assert torch.allclose(standard[0], standard[1])
    assert torch.allclose(standard[0], standard[2])


def test_a_rate_in_a_tensor_is_read() -> None:
    x = torch.ones(100)
    y, z = (
        gaussian_dropout(x, p, training=True, generator=_generator())
        for p in (0.25, torch.tensor(0.25))
    )

    assert torch.equal(y, z)


@pytest.mark.filterwarnings("ignore:.*Function.* should not be instantiated:DeprecationWarning")
def test_a_changing_rate_in_a_buffer_compiles_once() -> None:
    torch._dynamo.reset()
    counter = CompileCounter()
    compiled = torch.compile(
        lambda x, p: gaussian_dropout(x, p, training=True), backend=counter, fullgraph=True
    )
    outputs = [compiled(torch.ones(8), torch.tensor(p)) for p in (0.1, 0.2, 0.3, 0.4)]

    assert counter.frame_count == 1
    assert all(y.isfinite().all() for y in outputs)


@pytest.mark.filterwarnings("ignore:.*Function.* should not be instantiated:DeprecationWarning")
@pytest.mark.parametrize("function", [gaussian_dropout, gaussian_noise])
def test_compiled_and_recomputed_noise_is_the_eager_noise(function: torch.nn.Module) -> None:
    torch._dynamo.reset()
    x = torch.randn(64, requires_grad=True)

    def plain(x: Tensor) -> Tensor:
        result: Tensor = function(x, 0.5, training=True)
        return result

    forms = (
        plain,
        torch.compile(plain, fullgraph=True, backend="aot_eager"),
        lambda x: checkpoint(plain, x, use_reentrant=False),
    )
    gradients: list[Tensor] = []
    for form in forms:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            gradients += torch.autograd.grad((form(x) ** 2).sum(), x)

    assert torch.allclose(gradients[0], gradients[1], rtol=1e-5, atol=1e-6)
    assert torch.equal(gradients[0], gradients[2])


@pytest.mark.parametrize("randomness", ["same", "different"])
def test_vmap_draws_noise_as_it_is_told(randomness: str) -> None:
    y = torch.func.vmap(lambda x: gaussian_noise(x, 1.0, training=True), randomness=randomness)(
        torch.zeros(2, 20)
    )

    assert torch.equal(y[0], y[1]) == (randomness == "same")


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("p", [1.0, torch.tensor(1.0)])
def test_infinite_variance_is_refused(p: float | Tensor, training: bool) -> None:
    with pytest.raises(SettingError, match=r"in \[0, 1\), .* got p=1\.0\. .*Dropout\(1\.0\)"):
        gaussian_dropout(torch.ones(2), p, training=training)


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan, True])
def test_p_out_of_range_is_refused(p: float) -> None:
    with pytest.raises(SettingError, match="probability of dropping"):
        gaussian_dropout(torch.ones(2), p, training=True)


@pytest.mark.parametrize("std", [-0.1, math.nan, math.inf, True])
@pytest.mark.parametrize("training", [True, False])
def test_what_is_no_deviation_is_refused(std: float, training: bool) -> None:
    with pytest.raises(SettingError, match=r"standard deviation .* got std="):
        gaussian_noise(torch.ones(2), std, training=training)


def test_integers_are_refused_and_complex_where_noise_is_added() -> None:
    with pytest.raises(TypeError, match=r"got torch\.int64"):
        gaussian_dropout(torch.arange(3), training=True)
    for x in (torch.arange(3), torch.ones(3, dtype=torch.complex64)):
        with pytest.raises(TypeError, match=r"floating point tensors; got torch\."):
            gaussian_noise(x, 1.0, training=True)
