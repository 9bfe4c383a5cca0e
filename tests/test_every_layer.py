"""One contract over every layer of the family; what each promises stands in `layer_cases`."""

import copy
import math
import pickle
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from torchdrop.errors import SettingError

from .layer_cases import CASES, Case

Z = 5.0
CALLS = 60

pytestmark = pytest.mark.usefixtures("each_kernel")


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def _layer(case: Case, p: float) -> nn.Module:
    """Build the layer; one with weights gets the same ones every time."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return case.make(p)


def _seeded(layer: Callable[[Tensor], Tensor], x: Tensor, seed: int = 0) -> Tensor:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        result: Tensor = layer(x.clone())
    return result


def _positive(case: Case) -> Tensor:
    return torch.rand(case.shape, generator=torch.Generator().manual_seed(1)) + 0.1


def test_evaluation_changes_nothing_or_does_so_without_chance(case: Case) -> None:
    x, layer = _positive(case), _layer(case, 0.5).eval()

    if case.passes_through:
        assert layer(x) is x
    assert torch.equal(_seeded(layer, x, 0), _seeded(layer, x, 1))


def test_the_mean_in_training_is_the_value_in_evaluation(case: Case) -> None:
    if not case.keeps_mean:
        pytest.skip("keeps another moment")
    p, x = 0.3, torch.ones(case.shape, dtype=torch.float64)
    layer = _layer(case, p).double()
    with torch.no_grad():
        trained = torch.stack([_seeded(layer, x, seed).mean() for seed in range(CALLS)]).mean()
        evaluated = layer.eval()(x.clone()).mean()
    bound = Z * case.spread(p) / math.sqrt(case.draws * CALLS)

    assert abs(trained / evaluated - 1) < bound


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
@pytest.mark.parametrize("training", [True, False])
def test_shape_and_dtype_are_kept(case: Case, dtype: torch.dtype, training: bool) -> None:
    layer = _layer(case, 0.5).to(dtype).train(training)
    y = _seeded(layer, _positive(case).to(dtype))

    assert (y.shape, y.dtype) == (case.output or case.shape, dtype)
    assert y.isfinite().all()


def test_the_same_seed_gives_the_same_mask(case: Case) -> None:
    layer, x = _layer(case, 0.5), _positive(case)
    first, again = (_seeded(layer, x, 0) for _ in range(2))
    others = [_seeded(layer, x, seed) for seed in range(1, 30)]

    assert torch.equal(first, again)
    assert any(not torch.equal(first, other) for other in others)


def test_gradients_are_zero_exactly_where_outputs_are(case: Case) -> None:
    if not case.drops:
        pytest.skip("drops no single elements of its input")
    x = _positive(case).requires_grad_()
    y = _seeded(_layer(case, 0.5), x)
    (gradient,) = torch.autograd.grad(y.sum(), x)

    assert torch.equal(gradient == 0, y == 0)


def test_p_zero_changes_nothing(case: Case) -> None:
    x, layer = _positive(case), _layer(case, 0.0)

    assert torch.equal(_seeded(layer.train(), x), _seeded(layer.eval(), x))


def test_p_one_is_finite_and_drops_all(case: Case) -> None:
    x = _positive(case).requires_grad_()
    y = _seeded(_layer(case, case.most), x)
    (gradient,) = torch.autograd.grad(y.sum(), x)

    assert y.isfinite().all()
    assert gradient.isfinite().all()
    if case.drops:
        assert (y == 0).all()


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_and_pickles_behave_alike(
    case: Case, duplicate: Callable[[nn.Module], nn.Module]
) -> None:
    layer, x = _layer(case, 0.5), _positive(case)
    before = _seeded(layer, x)

    assert torch.equal(before, _seeded(duplicate(layer), x))
    assert torch.equal(before, _seeded(layer, x))


def test_state_dict_does_not_depend_on_the_rate(case: Case) -> None:
    trained, plain = _layer(case, 0.5), _layer(case, 0.0)

    assert list(trained.state_dict()) == list(plain.state_dict())
    plain.load_state_dict(trained.state_dict())


@pytest.mark.parametrize("reentrant", [True, False])
def test_recomputation_draws_the_same_mask(case: Case, reentrant: bool) -> None:
    layer, x = _layer(case, 0.5), _positive(case)
    gradients = []
    for recompute in (True, False):
        leaf = x.clone().requires_grad_()
        # The product keeps the layer's input from being the leaf, which in-place may not write to.
        with torch.random.fork_rng():
            torch.manual_seed(3)
            if recompute:
                y = checkpoint(lambda x: layer(x * 1), leaf, use_reentrant=reentrant)
            else:
                y = layer(leaf * 1)
        (y**2).sum().backward()
        assert leaf.grad is not None
        gradients.append(leaf.grad)

    assert torch.equal(gradients[0], gradients[1])


def test_gradients_are_those_of_finite_differences(case: Case) -> None:
    x = _positive(case).double().requires_grad_()
    layer = _layer(case, 0.4).double()

    def function(x: Tensor) -> Tensor:
        return (_seeded(layer, x) ** 2).sum()

    assert torch.autograd.gradcheck(function, (x,), fast_mode=True)
    if case.twice:
        assert torch.autograd.gradgradcheck(function, (x,), fast_mode=True)


def test_repr_shows_the_rate(case: Case) -> None:
    assert "p=0.25" in repr(_layer(case, 0.25))


@pytest.mark.parametrize("p", [-0.5, 1.5, math.nan])
def test_a_rate_out_of_range_is_refused(case: Case, p: float) -> None:
    with pytest.raises(SettingError, match="probability of dropping"):
        case.make(p)


def test_vmap_draws_as_it_is_told(case: Case) -> None:
    layer, x = _layer(case, 0.5), _positive(case)
    stack = torch.stack([x] * 12)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        same = torch.func.vmap(layer, randomness="same")(stack.clone())
        different = torch.func.vmap(layer, randomness="different")(stack.clone())

    assert torch.equal(same[0], same[1])
    assert any(not torch.equal(different[0], other) for other in different)


@pytest.mark.filterwarnings("ignore:.*Function.* should not be instantiated:DeprecationWarning")
def test_compiled_masks_equal_eager_masks(case: Case) -> None:
    torch._dynamo.reset()
    layer, x = _layer(case, 0.5), _positive(case)
    compiled, eager = (
        _seeded(function, x)
        for function in (torch.compile(layer, fullgraph=True, backend="aot_eager"), layer)
    )

    assert torch.equal(compiled == 0, eager == 0)
    assert torch.allclose(compiled, eager, rtol=1e-5, atol=1e-6)
