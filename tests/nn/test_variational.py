import copy
import pickle
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from torchdrop.errors import SettingError
from torchdrop.functional import variational_kl
from torchdrop.nn import VariationalDropout, VariationalLinear


def _seeded(layer: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        result: Tensor = layer(x)
    return result


def test_the_rate_is_the_log_odds_of_log_alpha() -> None:
    layer = VariationalDropout(0.2)

    assert layer.log_alpha.exp().item() == pytest.approx(0.2 / 0.8)
    assert layer.p.item() == pytest.approx(0.2)


def test_the_cost_of_a_shared_alpha_counts_its_units() -> None:
    shared, own = VariationalDropout(0.3), VariationalDropout(0.3, features=7)

    assert torch.allclose(shared.kl(units=7), own.kl())


def test_a_rate_of_one_is_refused() -> None:
    with pytest.raises(SettingError, match=r"got p=1\.0"):
        VariationalDropout(1.0)


def test_it_is_a_linear_layer_with_one_more_parameter() -> None:
    layer = VariationalLinear(4, 3)

    assert isinstance(layer, nn.Linear)
    assert list(layer.state_dict()) == ["weight", "bias", "log_sigma2"]
    assert "in_features=4, out_features=3, bias=True, p=" in repr(layer)


def test_the_cost_is_summed_over_weights() -> None:
    layer = VariationalLinear(4, 3)
    expected = sum(variational_kl(value) for value in layer.log_alpha.flatten())

    assert torch.allclose(layer.kl(), torch.as_tensor(expected))


def test_sparsity_counts_what_evaluation_cuts() -> None:
    layer = VariationalLinear(2, 2, bias=False).eval()
    layer.weight.data = torch.tensor([[1.0, 1e-3], [1.0, 1.0]])
    layer.log_sigma2.data.fill_(-5.0)

    assert layer.sparsity().item() == 0.25
    assert layer.sparsity(threshold=-6.0).item() == 1.0
    assert torch.equal(layer(torch.eye(2)), torch.tensor([[1.0, 1.0], [0.0, 1.0]]))


def test_weights_without_use_are_cut_and_others_stay() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        x = torch.randn(256, 6)
        y = x[:, :1] - x[:, 1:2]
        layer = VariationalLinear(6, 1)
        optimizer = torch.optim.Adam(layer.parameters(), lr=0.03)
        # A constant step keeps shaking useless weights, whose alpha is then not large.
        schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, 600)
        for _ in range(600):
            optimizer.zero_grad()
            loss = ((layer(x) - y) ** 2).mean() / (2 * 0.1**2) + layer.kl() / len(x)
            loss.backward()
            optimizer.step()
            schedule.step()

    cut = (layer.log_alpha > layer.threshold).flatten()
    assert cut.tolist() == [False, False, True, True, True, True]


def test_copies_and_pickles_behave_alike() -> None:
    layer, x = VariationalLinear(5, 3), torch.rand(4, 5)
    expected = _seeded(layer, x)

    assert torch.equal(_seeded(copy.deepcopy(layer), x), expected)
    assert torch.equal(_seeded(pickle.loads(pickle.dumps(layer)), x), expected)


@pytest.mark.parametrize("training", [True, False])
def test_compiled_outputs_equal_eager_ones(training: bool) -> None:
    torch._dynamo.reset()
    layer, x = VariationalLinear(5, 3).train(training), torch.rand(4, 5)
    compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")

    assert torch.allclose(_seeded(compiled, x), _seeded(layer, x), rtol=1e-5, atol=1e-6)


def test_vmap_draws_as_it_is_told() -> None:
    layer, x = VariationalLinear(5, 3), torch.rand(4, 5).expand(2, 4, 5)
    same = torch.func.vmap(layer, randomness="same")(x)
    different = torch.func.vmap(layer, randomness="different")(x)

    assert torch.equal(same[0], same[1])
    assert not torch.equal(different[0], different[1])
