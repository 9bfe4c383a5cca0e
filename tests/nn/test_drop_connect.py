import pytest
import torch
from torch import nn

from torchdrop.errors import SettingError
from torchdrop.functional import drop_connect, gaussian_mean
from torchdrop.nn import DropConnect


def test_it_is_torchs_linear_layer_in_names_and_start() -> None:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        plain = nn.Linear(4, 3, True, "cpu", torch.float64)
        torch.manual_seed(0)
        layer = DropConnect(4, 3, True, "cpu", torch.float64, p=0.2)
    x = torch.rand(5, 4, dtype=torch.float64)

    assert isinstance(layer, nn.Linear)
    assert list(layer.state_dict()) == list(plain.state_dict())
    assert torch.equal(layer.eval()(x), plain(x))


def test_it_has_no_bias_where_it_is_told() -> None:
    layer = DropConnect(4, 3, bias=False)

    assert list(layer.state_dict()) == ["weight"]
    assert layer(torch.rand(5, 4)).shape == (5, 3)


def test_the_layer_is_the_function() -> None:
    layer, x = DropConnect(4, 3, p=0.3, activation=torch.tanh), torch.rand(5, 4)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        y = layer(x)
        torch.manual_seed(0)
        z = drop_connect(x, layer.weight, layer.bias, 0.3, training=True, activation=torch.tanh)

    assert torch.equal(y, z)


def test_the_activation_may_be_a_layer() -> None:
    layer, x = DropConnect(4, 3, activation=nn.ReLU()).eval(), torch.rand(5, 4)

    assert torch.equal(layer(x), nn.functional.linear(x, layer.weight, layer.bias).relu())


def test_gaussian_inference_runs_in_evaluation_alone() -> None:
    layer = DropConnect(4, 3, activation=nn.ReLU(), inference="gaussian", samples=3)
    x = torch.rand(5, 4)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        trained = layer(x)
        torch.manual_seed(0)
        evaluated = layer.eval()(x)
    plain = nn.functional.linear(x, layer.weight, layer.bias).relu()

    assert not torch.equal(trained, evaluated)
    assert not torch.equal(evaluated, plain)
    assert gaussian_mean(torch.relu, plain, torch.zeros_like(plain), 3).allclose(plain)


def test_repr_shows_the_settings() -> None:
    layer = DropConnect(
        4, 3, p=0.25, per_sample=False, activation=torch.relu, inference="gaussian", samples=7
    )

    assert layer.extra_repr() == (
        "in_features=4, out_features=3, bias=True, p=0.25, per_sample=False, "
        "inference='gaussian', samples=7"
    )


def test_gaussian_inference_without_an_activation_is_refused() -> None:
    with pytest.raises(SettingError, match="got activation=None"):
        DropConnect(4, 3, inference="gaussian")


def test_the_rate_may_be_a_tensor() -> None:
    layer, x = DropConnect(4, 3), torch.rand(5, 4)
    layer.p = torch.tensor(1.0)  # type: ignore[assignment]

    assert (layer(x) == 0).all()
