import copy
import math
import pickle
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from torchdrop.nn import Standout

Z = 5.0


def _seeded(layer: Callable[[Tensor], Tensor], x: Tensor, seed: int = 0) -> Tensor:
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        result: Tensor = layer(x)
    return result


def _layer() -> Standout:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return Standout(nn.Linear(6, 40), alpha=2.0, beta=0.5)


def test_outputs_are_the_activations_or_zero() -> None:
    layer, x = _layer(), torch.rand(8, 6)
    y, full = layer(x), torch.relu(layer.linear(x))

    assert ((y == 0) | (y == full)).all()
    assert (y != full).any()


def test_evaluation_weighs_by_the_probability_of_keeping() -> None:
    layer, x = _layer().eval(), torch.rand(8, 6)
    a = layer.linear(x)

    assert torch.allclose(layer(x), torch.relu(a) * torch.sigmoid(2 * a + 0.5))


def test_the_mean_in_training_is_the_value_in_evaluation() -> None:
    n, layer, x = 4000, _layer(), torch.rand(1, 6)
    trained = _seeded(layer, x.expand(n, 6)).double().sum(1)
    bound = Z * trained.std() / math.sqrt(n)

    assert abs(trained.mean() - layer.eval()(x).double().sum()) < bound


def test_the_linear_map_is_shared_not_copied() -> None:
    linear = nn.Linear(3, 2)
    layer = Standout(linear)

    assert list(layer.state_dict()) == ["linear.weight", "linear.bias"]
    assert layer.linear is linear
    assert "alpha=1.0, beta=0.0" in repr(layer)


def test_copies_pickles_and_seeds_give_the_same_masks() -> None:
    layer, x = _layer(), torch.rand(4, 6)
    expected = _seeded(layer, x)

    assert torch.equal(_seeded(copy.deepcopy(layer), x), expected)
    assert torch.equal(_seeded(pickle.loads(pickle.dumps(layer)), x), expected)
    assert not torch.equal(_seeded(layer, x, seed=1), expected)


def test_recomputation_draws_the_same_mask() -> None:
    layer, gradients = _layer(), list[Tensor]()
    for recompute in (True, False):
        x = torch.full((4, 6), 0.3, requires_grad=True)
        with torch.random.fork_rng():
            torch.manual_seed(3)
            y = checkpoint(layer, x, use_reentrant=False) if recompute else layer(x)
        gradients += torch.autograd.grad((y**2).sum(), x)

    assert torch.equal(*gradients)


@pytest.mark.parametrize("training", [True, False])
def test_compiled_outputs_equal_eager_ones(training: bool) -> None:
    torch._dynamo.reset()
    layer, x = _layer().train(training), torch.rand(4, 6)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")

    assert torch.allclose(_seeded(compiled, x), _seeded(layer, x), rtol=1e-5, atol=1e-6)


def test_vmap_draws_as_it_is_told() -> None:
    layer, x = _layer(), torch.rand(4, 6).expand(2, 4, 6)
    same = torch.func.vmap(layer, randomness="same")(x)
    different = torch.func.vmap(layer, randomness="different")(x)

    assert torch.equal(same[0], same[1])
    assert not torch.equal(different[0], different[1])
