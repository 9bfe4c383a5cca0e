"""One contract over every layer of the family."""

import copy
import math
import pickle
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from torchdrop.errors import SettingError
from torchdrop.nn import ActivationDropout, Dropout

Z = 5.0

pytestmark = pytest.mark.usefixtures("each_kernel")

# In evaluation these give back what they get, and the others an activation of it.
PLAIN: dict[str, Callable[[float], nn.Module]] = {
    "Dropout": Dropout,
    "Dropout-inplace": lambda p: Dropout(p, inplace=True),
}
ACTIVATED: dict[str, Callable[[float], nn.Module]] = {
    "ActivationDropout-relu": lambda p: ActivationDropout("relu", p),
    "ActivationDropout-leaky_relu": lambda p: ActivationDropout("leaky_relu", p),
    "ActivationDropout-gelu": lambda p: ActivationDropout("gelu", p),
    "ActivationDropout-gelu_tanh": lambda p: ActivationDropout("gelu_tanh", p),
    "ActivationDropout-silu": lambda p: ActivationDropout("silu", p),
    "ActivationDropout-inplace": lambda p: ActivationDropout("silu", p, inplace=True),
}
LAYERS = PLAIN | ACTIVATED


@pytest.fixture(params=LAYERS)
def make(request: pytest.FixtureRequest) -> Callable[[float], nn.Module]:
    return LAYERS[request.param]


def _seeded(layer: Callable[[Tensor], Tensor], x: Tensor, seed: int = 0) -> Tensor:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        result: Tensor = layer(x.clone())
    return result


@pytest.mark.parametrize("name", PLAIN)
def test_evaluation_returns_the_same_object(name: str) -> None:
    x = torch.randn(4, 6)

    assert PLAIN[name](0.5).eval()(x) is x


def test_the_mean_in_training_is_the_value_in_evaluation(
    make: Callable[[float], nn.Module],
) -> None:
    n, p = 1 << 16, 0.3
    y = _seeded(make(p), torch.ones(n, dtype=torch.float64))
    evaluated = make(p).eval()(torch.ones(1, dtype=torch.float64))

    assert abs(y.mean().item() / evaluated.item() - 1) < Z * math.sqrt(p / (1 - p) / n)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_shape_and_dtype_are_kept(make: Callable[[float], nn.Module], dtype: torch.dtype) -> None:
    y = _seeded(make(0.5), torch.ones(3, 0, 2, dtype=dtype))

    assert (y.shape, y.dtype) == ((3, 0, 2), dtype)


def test_the_same_seed_gives_the_same_mask(make: Callable[[float], nn.Module]) -> None:
    x = torch.ones(200)
    first, again, other = (_seeded(make(0.5), x, seed) for seed in (0, 0, 1))

    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_gradients_are_zero_exactly_where_outputs_are(
    make: Callable[[float], nn.Module],
) -> None:
    x = torch.rand(300, requires_grad=True)
    y = _seeded(make(0.5), x)
    (gradient,) = torch.autograd.grad(y.sum(), x)

    assert torch.equal(gradient == 0, y == 0)


def test_p_zero_and_one_are_exact(make: Callable[[float], nn.Module]) -> None:
    x = torch.randn(50)

    assert torch.equal(_seeded(make(0.0), x), _seeded(make(0.0).eval(), x))
    assert torch.equal(_seeded(make(1.0), x), torch.zeros(50))


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_and_pickles_behave_alike(
    make: Callable[[float], nn.Module], duplicate: Callable[[nn.Module], nn.Module]
) -> None:
    layer, x = make(0.5), torch.ones(100)

    assert torch.equal(_seeded(layer, x), _seeded(duplicate(layer), x))


def test_state_dict_is_that_of_torchs_layer(make: Callable[[float], nn.Module]) -> None:
    assert make(0.5).state_dict() == nn.Dropout(0.5).state_dict()


@pytest.mark.parametrize("reentrant", [True, False])
def test_recomputation_draws_the_same_mask(
    make: Callable[[float], nn.Module], reentrant: bool
) -> None:
    x = torch.rand(200, requires_grad=True)
    # The product keeps the layer's input from being the leaf, which in-place may not write to.
    y = checkpoint(lambda x: make(0.5)(x * 1), x, use_reentrant=reentrant)
    y.sum().backward()

    assert x.grad is not None
    assert torch.equal(x.grad == 0, y == 0)


def test_repr_shows_the_rate(make: Callable[[float], nn.Module]) -> None:
    assert "p=0.25" in repr(make(0.25))


@pytest.mark.parametrize("p", [-0.5, 1.5, math.nan])
def test_a_rate_out_of_range_is_refused(make: Callable[[float], nn.Module], p: float) -> None:
    with pytest.raises(SettingError, match="probability of dropping"):
        make(p)


@pytest.mark.filterwarnings("ignore:.*Function.* should not be instantiated:DeprecationWarning")
def test_compiled_masks_equal_eager_masks(make: Callable[[float], nn.Module]) -> None:
    layer, x = make(0.5), torch.ones(100)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")

    assert torch.equal(_seeded(compiled, x), _seeded(layer, x))
