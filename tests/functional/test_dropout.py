import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from torchdrop.errors import SettingError
from torchdrop.functional import dropout, dropout_
from torchdrop.kernels import draw_seed, keep_mask, keep_probability

Z = 5.0

pytestmark = pytest.mark.usefixtures("each_kernel")


def _generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("p", [0.1, 0.33, 0.5, 0.9])
def test_the_mean_is_kept(p: float) -> None:
    n = 1 << 18
    y = dropout(torch.ones(n, dtype=torch.float64), p, training=True, generator=_generator())
    deviation = math.sqrt(p / (1 - p) / n)

    assert abs(y.mean().item() - 1) < Z * deviation


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("p", [0.001, 0.1, 0.3])
def test_kept_values_are_scaled_with_one_rounding(dtype: torch.dtype, p: float) -> None:
    x = torch.randn(4096, generator=_generator(), dtype=torch.float32).to(dtype)
    y = dropout(x, p, training=True, generator=_generator())
    wide = torch.float64 if dtype == torch.float64 else torch.float32
    expected = (x.to(wide) * (1 / keep_probability(p))).to(dtype)
    kept = y != 0

    assert y.dtype == dtype
    assert torch.equal(y[kept], expected[kept])


def test_dropped_infinities_and_nans_are_zero() -> None:
    x = torch.tensor([math.nan, math.inf, -math.inf, -1.0]).repeat(256)
    y = dropout(x, 0.5, training=True, generator=_generator())
    kept = dropout(torch.ones(1024), 0.5, training=True, generator=_generator()) != 0

    assert (y[~kept] == 0).all()
    assert not y[~kept].signbit().any()


@pytest.mark.parametrize("training", [True, False])
def test_p_zero_returns_the_input_itself(training: bool) -> None:
    x = torch.randn(3)

    assert dropout(x, 0.0, training=training) is x


@pytest.mark.parametrize("scale", ["train", "eval"])
def test_p_one_gives_zeros_and_zero_gradients(scale: str) -> None:
    x = torch.tensor([math.inf, 2.0], requires_grad=True)
    y = dropout(x, 1.0, training=True, scale=scale)  # type: ignore[arg-type]
    y.sum().backward()  # type: ignore[no-untyped-call]

    assert torch.equal(y, torch.zeros(2))
    assert x.grad is not None
    assert torch.equal(x.grad, torch.zeros(2))


def test_evaluation_draws_nothing_from_the_generator() -> None:
    generator = _generator()
    before = generator.get_state()
    dropout(torch.ones(5), 0.5, training=False, generator=generator)

    assert torch.equal(generator.get_state(), before)


def test_masks_are_fresh_and_reproducible() -> None:
    x = torch.ones(1000)
    generator = _generator(1)
    first, second = (dropout(x, 0.5, training=True, generator=generator) for _ in range(2))
    again = dropout(x, 0.5, training=True, generator=_generator(1))

    assert not torch.equal(first, second)
    assert torch.equal(first, again)


def test_the_global_generator_is_used_by_default() -> None:
    x = torch.ones(1000)
    with torch.random.fork_rng():
        torch.manual_seed(3)
        first = dropout(x, 0.5, training=True)
        torch.manual_seed(3)
        second = dropout(x, 0.5, training=True)

    assert torch.equal(first, second)


@settings(max_examples=40, deadline=None)
@given(
    shape=st.lists(st.integers(0, 5), min_size=0, max_size=4),
    p=st.floats(0.01, 0.99),
    seed=st.integers(0, 2**31),
)
def test_strides_do_not_change_the_mask(shape: list[int], p: float, seed: int) -> None:
    x = torch.rand(shape) + 1
    axes = list(reversed(range(x.ndim)))
    strided = x.permute(axes).contiguous().permute(axes)
    y, z = (dropout(t, p, training=True, generator=_generator(seed)) for t in (x, strided))

    assert torch.equal(y, z)
    assert y.shape == x.shape


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float64, torch.complex64])
def test_dtype_does_not_change_the_mask(dtype: torch.dtype) -> None:
    x = torch.ones(500)
    kept = dropout(x, 0.4, training=True, generator=_generator()) != 0
    other = dropout(x.to(dtype), 0.4, training=True, generator=_generator()) != 0

    assert torch.equal(kept, other)


def test_gradient_is_the_mask_times_the_scale() -> None:
    x = torch.randn(600, requires_grad=True)
    y = dropout(x, 0.25, training=True, generator=_generator())
    y.sum().backward()  # type: ignore[no-untyped-call]

    assert x.grad is not None
    assert torch.equal(x.grad, torch.where(y != 0, 1 / keep_probability(0.25), 0.0))


def test_no_tensor_is_kept_for_backward() -> None:
    """The seed is: a number, which backward has from the graph."""
    saved: list[torch.Tensor] = []
    x = torch.randn(1000, requires_grad=True)

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        saved.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        dropout(x, 0.5, training=True)

    assert not saved


def test_gradcheck_and_double_backward() -> None:
    x = torch.randn(4, 7, dtype=torch.float64, requires_grad=True)

    def function(x: torch.Tensor) -> torch.Tensor:
        return dropout(x, 0.4, training=True, generator=_generator()) ** 2

    assert torch.autograd.gradcheck(function, (x,))
    assert torch.autograd.gradgradcheck(function, (x,))


def test_classic_scaling_moves_the_factor_to_evaluation() -> None:
    x = torch.rand(1000) + 1
    train = dropout(x, 0.3, training=True, scale="eval", generator=_generator())
    evaluated = dropout(x, 0.3, training=False, scale="eval")
    kept = train != 0

    assert torch.equal(train[kept], x[kept])
    assert torch.equal(evaluated, x * keep_probability(0.3))


def test_both_schemes_have_the_same_expected_network() -> None:
    n, p = 1 << 18, 0.33
    x = torch.ones(n, dtype=torch.float64)
    means = {
        scale: [
            dropout(x, p, training=t, scale=scale, generator=_generator()).mean().item()
            for t in (True, False)
        ]
        for scale in ("train", "eval")
    }
    deviation = math.sqrt(p / (1 - p) / n)

    for train, evaluated in means.values():
        assert abs(train / evaluated - 1) < Z * deviation


def test_the_chapters_three_nodes_would_give_the_next_layer_one_and_a_half_times_as_much() -> None:
    """Chapter point 6: 3 nodes, p = 0.33, two survive on average."""
    draws, p = 1 << 17, 0.33
    x = torch.ones(draws, 3, dtype=torch.float64)
    weights = torch.ones(3, dtype=torch.float64)
    trained = dropout(x, p, training=True, scale="eval", generator=_generator()) @ weights
    unscaled = (x @ weights)[0].item()
    scaled = (dropout(x, p, training=False, scale="eval") @ weights)[0].item()
    deviation = math.sqrt(3 * p * (1 - p) / draws)

    assert abs(trained.mean().item() - 3 * (1 - p)) < Z * deviation
    assert unscaled / scaled == pytest.approx(1 / 0.67)
    assert scaled == pytest.approx(3 * 0.67)


def test_in_place_writes_into_the_argument() -> None:
    x = torch.ones(100)
    y = dropout_(x, 0.5, training=True, generator=_generator())

    assert y is x
    assert torch.equal(x, dropout(torch.ones(100), 0.5, training=True, generator=_generator()))


def test_in_place_makes_no_other_tensor() -> None:
    x = torch.rand(1000, requires_grad=True) * 2
    address, version = x.data_ptr(), x._version
    y = dropout_(x, 0.5, training=True)
    (y**2).sum().backward()  # type: ignore[no-untyped-call]

    assert y is x
    assert x.data_ptr() == address
    assert x._version > version


def test_in_place_on_a_leaf_that_needs_a_gradient_is_refused_untouched() -> None:
    x = torch.ones(100, requires_grad=True)

    with pytest.raises(RuntimeError, match="leaf tensor"):
        dropout_(x, 0.5, training=True)
    assert (x == 1).all()


def test_autograd_sees_what_was_changed_in_place() -> None:
    """The kernel writes past torch, which must be told that a saved tensor was changed."""
    weight = torch.ones(100, requires_grad=True)
    x = torch.rand(100)
    product = weight * x
    dropout_(x, 0.5, training=True)

    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        product.sum().backward()  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("p", [-0.1, 1.1, math.nan, math.inf])
@pytest.mark.parametrize("training", [True, False])
def test_p_out_of_range_is_refused(p: float, training: bool) -> None:
    with pytest.raises(SettingError, match=r"probability of dropping, in \[0, 1\]; got p="):
        dropout(torch.ones(2), p, training=training)


def test_a_mode_flag_in_the_place_of_p_is_refused() -> None:
    with pytest.raises(SettingError, match="looks like a mode flag"):
        dropout(torch.ones(2), True, training=True)


def test_dims_are_the_axes_with_draws_of_their_own() -> None:
    x = torch.ones(8, 9, 10)
    y = dropout(x, 0.5, training=True, dims=(0, -1), generator=_generator())
    mask = keep_mask(draw_seed(x.device, _generator()), 80, 0.5).reshape(8, 1, 10)

    assert torch.equal(y != 0, mask.expand(8, 9, 10))


@pytest.mark.parametrize("dims", [(3,), (-4,), (0, 0), (1, -2)])
def test_axes_that_are_not_there_or_named_twice_are_refused(dims: tuple[int, ...]) -> None:
    with pytest.raises(SettingError, match=r"each once; got dims=.* of shape \(2, 3, 4\)"):
        dropout(torch.ones(2, 3, 4), 0.5, training=True, dims=dims)


def test_a_rate_may_be_a_tensor_of_one_element() -> None:
    x = torch.ones(1000)
    rate = torch.tensor(0.25, dtype=torch.float64)

    assert torch.equal(
        dropout(x, rate, training=True, generator=_generator()),
        dropout(x, 0.25, training=True, generator=_generator()),
    )
    with pytest.raises(SettingError, match=r"shape \(2,\)"):
        dropout(x, torch.tensor([0.1, 0.2]), training=True)
    with pytest.raises(SettingError, match="probability of dropping"):
        dropout(x, torch.tensor(1.5), training=True)


def test_an_unknown_scale_is_refused() -> None:
    with pytest.raises(SettingError, match="'train' or 'eval'; got 'both'"):
        dropout(torch.ones(2), training=True, scale="both")  # type: ignore[arg-type]


@pytest.mark.parametrize("training", [True, False])
def test_integers_are_refused(training: bool) -> None:
    with pytest.raises(TypeError, match=r"got torch\.int64"):
        dropout(torch.arange(3), 0.5, training=training)
