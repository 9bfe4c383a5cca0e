import itertools
import math

import pytest
import torch
from torch import Tensor
from torch.nn import functional

from torchdrop.errors import SettingError
from torchdrop.functional import (
    _per_sample,
    drop_connect,
    drop_connect_moments,
    gaussian_mean,
)
from torchdrop.functional._per_sample import sample_seeds
from torchdrop.kernels import keep_probability, masked_scale, seed_for

from .largest import Largest

Z = 5.0
N, INPUTS, OUTPUTS = 12, 7, 5

pytestmark = pytest.mark.usefixtures("each_kernel")


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _arguments(dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor, Tensor]:
    generator = _generator(9)
    shapes = ((N, INPUTS), (OUTPUTS, INPUTS), (OUTPUTS,))
    # Small integers, so that sums are exact in whichever order they are taken.
    x, weight, bias = (
        torch.randint(-8, 9, shape, generator=generator).to(dtype).requires_grad_()
        for shape in shapes
    )
    return x, weight, bias


def _obvious(x: Tensor, weight: Tensor, bias: Tensor, p: float, seed: int = 0) -> Tensor:
    """The specification: one sample after the other, with masks of its own."""
    generator, factor = _generator(seed), 1 / keep_probability(p)
    weight_seed, bias_seed = seed_for(x, generator), seed_for(x, generator)
    biases = masked_scale(bias.expand(len(x), -1), bias_seed, p, factor)
    rows = []
    for row, one, row_bias in zip(
        x, sample_seeds(weight_seed, len(x), x.device), biases, strict=True
    ):
        rows.append(masked_scale(weight, one.reshape(1), p, factor) @ row + row_bias)
    return torch.stack(rows)


@pytest.mark.parametrize("chunk", [1, 100, 2**20])
def test_the_fast_version_equals_the_obvious_one(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_per_sample, "CHUNK", chunk)
    arguments = _arguments()
    fast = drop_connect(*arguments, 0.5, training=True, generator=_generator())
    obvious = _obvious(*arguments, 0.5)
    gradients = (torch.autograd.grad((y * y).sum(), arguments) for y in (fast, obvious))

    assert torch.equal(fast, obvious)
    assert all(torch.equal(*pair) for pair in zip(*gradients, strict=True))


def test_memory_does_not_grow_with_the_number_of_masked_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(_per_sample, "CHUNK", 2048)
    x = torch.rand(64, 32, requires_grad=True)
    weight = torch.rand(16, 32, requires_grad=True)
    with Largest() as largest:
        y = drop_connect(x, weight, p=0.5, training=True)
        y.sum().backward()  # type: ignore[no-untyped-call]

    # The masks have 64 * 16 * 32 = 32768 elements, the input has 2048.
    assert largest.elements == 2048


def test_backward_keeps_the_operands_and_three_numbers_a_sample() -> None:
    saved: dict[int, int] = {}
    x, weight, bias = _arguments()

    def keep(tensor: Tensor) -> Tensor:
        saved[tensor.untyped_storage().data_ptr()] = tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        drop_connect(x, weight, bias, 0.5, training=True)

    assert sum(saved.values()) <= x.numel() + weight.numel() + 3 * N + 1


def _every_outcome(x: Tensor, weight: Tensor, bias: Tensor, p: float) -> tuple[Tensor, Tensor]:
    """All outputs of one unit, mask by mask, and how probable each is."""
    terms = torch.cat([weight * x, bias])
    values, odds = [], []
    for mask in itertools.product((0.0, 1.0), repeat=len(terms)):
        values.append((terms * torch.tensor(mask)).sum() / (1 - p))
        odds.append((1 - p) ** sum(mask) * p ** (len(terms) - sum(mask)))
    return torch.stack(values), torch.tensor(odds, dtype=torch.float64)


@pytest.mark.parametrize("p", [0.1, 0.5, 0.75])
def test_moments_are_those_of_all_masks_weighed_by_their_probability(p: float) -> None:
    x, weight = torch.tensor([0.5, -2.0, 3.0]).double(), torch.tensor([1.0, 0.25, -1.5]).double()
    bias = torch.tensor([0.75]).double()
    values, odds = _every_outcome(x, weight, bias, p)
    expected = (values * odds).sum()
    mean, variance = drop_connect_moments(x, weight.unsqueeze(0), bias, p)

    assert mean.item() == pytest.approx(expected.item(), rel=1e-8)
    assert variance.item() == pytest.approx(
        (odds * (values - expected) ** 2).sum().item(), rel=1e-8
    )


@pytest.mark.parametrize("p", [0.1, 0.5, 0.75])
def test_outputs_have_the_moments(p: float) -> None:
    n = 1 << 14
    x, weight = torch.tensor([0.5, -2.0, 3.0]).double(), torch.tensor([1.0, 0.25, -1.5]).double()
    bias = torch.tensor([0.75]).double()
    values, odds = _every_outcome(x, weight, bias, p)
    rows = x.expand(n, 3)
    y = drop_connect(rows, weight.unsqueeze(0), bias, p, training=True, generator=_generator())

    for power in (1, 2):
        expected = (odds * values**power).sum()
        deviation = ((odds * values ** (2 * power)).sum() - expected**2).sqrt()
        assert abs((y**power).mean() - expected) < Z * deviation / math.sqrt(n)


def test_each_sample_has_masks_of_its_own() -> None:
    _, weight, bias = _arguments()
    x = torch.ones(2, 3, INPUTS, dtype=torch.float64)
    apart = drop_connect(x, weight, bias, 0.5, training=True, generator=_generator())
    shared = drop_connect(
        x, weight, bias, 0.5, training=True, per_sample=False, generator=_generator()
    )

    assert len(torch.unique(apart.reshape(6, OUTPUTS), dim=0)) == 6
    assert len(torch.unique(shared.reshape(6, OUTPUTS), dim=0)) == 1


def test_leading_axes_are_samples() -> None:
    x, weight, bias = _arguments()
    flat = drop_connect(x, weight, bias, 0.5, training=True, generator=_generator())
    shaped = drop_connect(
        x.reshape(3, 4, INPUTS), weight, bias, 0.5, training=True, generator=_generator()
    )
    one = drop_connect(x[0], weight, bias, 0.5, training=True, generator=_generator())

    assert torch.equal(shaped, flat.reshape(3, 4, OUTPUTS))
    assert one.shape == (OUTPUTS,)


@pytest.mark.parametrize("per_sample", [True, False])
def test_biases_are_dropped_like_weights(per_sample: bool) -> None:
    n = 100
    weight, bias = torch.ones(4, INPUTS), torch.full((4,), 3.0)
    y = drop_connect(
        torch.zeros(n, INPUTS),
        weight,
        bias,
        0.5,
        training=True,
        per_sample=per_sample,
        generator=_generator(),
    )

    assert set(y.flatten().tolist()) == {0.0, 6.0}


@pytest.mark.parametrize("per_sample", [True, False])
def test_gradients_are_those_of_finite_differences(per_sample: bool) -> None:
    def function(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return drop_connect(
            x, weight, bias, 0.4, training=True, per_sample=per_sample, generator=_generator()
        )

    assert torch.autograd.gradcheck(function, _arguments())
    assert torch.autograd.gradgradcheck(function, _arguments())


@pytest.mark.parametrize("per_sample", [True, False])
@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_dropped_weight_is_zero_whatever_it_is(per_sample: bool, value: float) -> None:
    x = torch.ones(N, INPUTS)
    weight = torch.full((OUTPUTS, INPUTS), value, requires_grad=True)
    y = drop_connect(x, weight, p=1.0, training=True, per_sample=per_sample)
    y.sum().backward()  # type: ignore[no-untyped-call]

    assert (y == 0).all()
    assert weight.grad is not None
    assert (weight.grad == 0).all()


def test_evaluation_is_the_plain_linear_map_and_draws_nothing() -> None:
    arguments, generator = _arguments(torch.float32), _generator()
    before = generator.get_state()
    y = drop_connect(*arguments, 0.5, training=False, generator=generator)

    assert torch.equal(y, functional.linear(*arguments))
    assert torch.equal(generator.get_state(), before)


def test_the_activation_is_applied_in_both_modes() -> None:
    arguments = _arguments()
    for training in (True, False):
        y, a = (
            drop_connect(*arguments, 0.5, training=training, activation=f, generator=_generator())
            for f in (None, torch.relu)
        )
        assert torch.equal(a, torch.relu(y))


def _mean_of_relu(mean: Tensor, variance: Tensor) -> Tensor:
    """In closed form, for a normal variable."""
    deviation = variance.sqrt()
    ratio = mean / deviation
    density = torch.exp(-(ratio**2) / 2) / math.sqrt(2 * math.pi)
    expected: Tensor = mean * torch.special.ndtr(ratio) + deviation * density
    return expected


def test_the_gaussian_mean_is_the_expectation() -> None:
    n, samples = 1 << 12, 16
    mean, variance = torch.full((n,), -0.5).double(), torch.full((n,), 2.0).double()
    y = gaussian_mean(torch.relu, mean, variance, samples, generator=_generator())
    expected = _mean_of_relu(mean, variance)

    # The rectified variable varies less than the variable does.
    assert abs(y.mean() - expected[0]) < Z * math.sqrt(2.0 / (n * samples))


def test_gaussian_inference_averages_the_activation_over_the_moments() -> None:
    samples = 1 << 10
    arguments = _arguments()
    mean, variance = drop_connect_moments(*arguments, 0.5)
    y = drop_connect(
        *arguments,
        0.5,
        training=False,
        activation=torch.relu,
        inference="gaussian",
        samples=samples,
        generator=_generator(),
    )

    assert not torch.allclose(y, torch.relu(mean))
    bound = Z * (variance / samples).sqrt()
    assert ((y - _mean_of_relu(mean, variance)).abs() <= bound).all()


def test_gaussian_inference_has_gradients_where_nothing_varies() -> None:
    x = torch.zeros(2, INPUTS, requires_grad=True)
    y = drop_connect(
        x,
        torch.ones(3, INPUTS),
        p=0.5,
        training=False,
        activation=torch.sigmoid,
        inference="gaussian",
        samples=3,
    )
    (gradient,) = torch.autograd.grad(y.sum(), x)

    assert torch.equal(y, torch.full((2, 3), 0.5))
    assert gradient.isfinite().all()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_moments_of_16_bit_floats_are_computed_wider(dtype: torch.dtype) -> None:
    x, weight = torch.full((1, 4), 300.0, dtype=dtype), torch.full((1, 4), 2.0, dtype=dtype)
    mean, variance = drop_connect_moments(x, weight, p=0.5)
    y = drop_connect(x, weight, p=0.5, training=False, activation=torch.relu, inference="gaussian")

    assert (mean.dtype, variance.item(), y.dtype) == (torch.float32, 4 * 600.0**2, dtype)


def test_autocast_computes_in_its_dtype() -> None:
    arguments = _arguments(torch.float32)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y = drop_connect(*arguments, 0.5, training=True, generator=_generator())
    gradients = torch.autograd.grad(y.sum(), arguments)

    assert y.dtype == torch.bfloat16
    assert all(g.dtype == torch.float32 for g in gradients)
    assert torch.equal(y.double(), _obvious(*_arguments(), 0.5).bfloat16().double())


@pytest.mark.filterwarnings("ignore:.*Function.* should not be instantiated:DeprecationWarning")
@pytest.mark.parametrize("p", [0.5, torch.tensor(0.5)])
def test_compiled_values_and_gradients_are_the_eager_ones(p: float | Tensor) -> None:
    torch._dynamo.reset()
    arguments = _arguments()

    def loss(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
        return (drop_connect(x, weight, bias, p, training=True) ** 2).sum()

    results = []
    for function in (loss, torch.compile(loss, fullgraph=True, backend="aot_eager")):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            value = function(*arguments)
        results.append([value, *torch.autograd.grad(value, arguments)])

    assert all(torch.equal(*pair) for pair in zip(*results, strict=True))


def test_vmap_over_gradients_gives_each_member_its_own() -> None:
    x, weight, _ = _arguments()
    weights = torch.stack([weight, 2 * weight]).detach()

    def loss(weight: Tensor, x: Tensor) -> Tensor:
        return drop_connect(x, weight, p=0.5, training=True).sum()

    gradient = torch.func.grad(loss)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        same = torch.func.vmap(gradient, (0, None), randomness="same")(weights, x.detach())
        torch.manual_seed(0)
        alone = gradient(weights[0], x.detach())
        different = torch.func.vmap(gradient, (0, None), randomness="different")(
            weights, x.detach()
        )

    assert torch.equal(same[0], alone)
    assert torch.equal(same[0], same[1])
    assert not torch.equal(different[0], different[1])


def test_a_rate_in_a_tensor_is_a_rate() -> None:
    arguments = _arguments()
    y, z = (
        drop_connect(*arguments, p, training=True, generator=_generator())
        for p in (0.3, torch.tensor(0.3, dtype=torch.float64))
    )

    assert torch.equal(y, z)


def test_an_empty_batch_gives_an_empty_batch() -> None:
    x, weight, bias = _arguments()

    assert drop_connect(x[:0], weight, bias, 0.5, training=True).shape == (0, OUTPUTS)


def test_seeds_of_samples_are_distinct_and_spread_over_their_range() -> None:
    seeds = sample_seeds(7, 4096, torch.device("cpu"))
    deviation = 2**62 / math.sqrt(12 * 4096)

    assert len(set(seeds.tolist())) == 4096
    assert seeds.min() >= 0
    assert seeds.max() < 2**62
    assert abs(seeds.double().mean() - 2**61) < Z * deviation


@pytest.mark.parametrize("training", [True, False])
def test_settings_out_of_range_are_refused(training: bool) -> None:
    x, weight, bias = _arguments()
    with pytest.raises(SettingError, match="probability of dropping"):
        drop_connect(x, weight, bias, 1.5, training=training)
    with pytest.raises(SettingError, match="'mean' or 'gaussian'; got 'median'"):
        drop_connect(x, weight, training=training, inference="median")  # type: ignore[arg-type]
    with pytest.raises(SettingError, match="got activation=None"):
        drop_connect(x, weight, training=training, inference="gaussian")
    with pytest.raises(SettingError, match="1 or more; got 0"):
        drop_connect(x, weight, training=training, samples=0)
    with pytest.raises(TypeError, match=r"got torch\.int64"):
        drop_connect(x.long(), weight.long(), training=training)
