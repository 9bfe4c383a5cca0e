import pytest
import torch
from torch import nn

from torchdrop import networks
from torchdrop.errors import SettingError
from torchdrop.nn import ActivationDropout, Dropout


def test_the_chapters_network_is_one_call() -> None:
    """Chapter points 10 and 11."""
    layers = list(networks.mlp(300, 200, 100, 50, 10, p=0.3))
    linear = [layer for layer in layers if isinstance(layer, nn.Linear)]
    pattern = [nn.Linear, nn.LeakyReLU, Dropout] * 3 + [nn.Linear]

    assert [type(layer) for layer in layers] == pattern
    assert [(m.in_features, m.out_features) for m in linear] == [
        (300, 200),
        (200, 100),
        (100, 50),
        (50, 10),
    ]
    assert all(layer.p == 0.3 for layer in layers if isinstance(layer, Dropout))


def test_names_of_weights_do_not_depend_on_p() -> None:
    names = [list(networks.mlp(4, 3, 2, p=p).state_dict()) for p in (0.0, 0.5)]

    assert names[0] == names[1]


def test_a_network_without_hidden_layers_has_no_dropout() -> None:
    assert [type(layer) for layer in networks.mlp(4, 2, p=0.5)] == [nn.Linear]


@pytest.mark.parametrize("activation", networks.ACTIVATIONS)
def test_every_activation_builds(activation: str) -> None:
    network = networks.mlp(4, 3, 2, p=0.5, activation=activation)

    assert network(torch.ones(5, 4)).shape == (5, 2)


@pytest.mark.parametrize("widths", [(), (3,), (3, 0, 2), (3, -1)])
def test_impossible_widths_are_refused(widths: tuple[int, ...]) -> None:
    with pytest.raises(SettingError, match="at least two and each positive"):
        networks.mlp(*widths, p=0.5)


def test_an_unknown_activation_is_refused_with_the_known_ones() -> None:
    with pytest.raises(SettingError, match=r"leaky_relu, relu, .* got 'swish'"):
        networks.mlp(4, 3, 2, p=0.5, activation="swish")


def test_the_recipe_builds_what_the_function_builds() -> None:
    recipe = networks.MLP((4, 3, 2), "relu")

    assert repr(recipe(0.2)) == repr(networks.mlp(4, 3, 2, p=0.2, activation="relu"))


@pytest.mark.parametrize("activation", ["leaky_relu", "relu", "gelu", "silu"])
def test_a_fused_network_has_the_same_names_weights_and_masks(activation: str) -> None:
    outputs, states = [], []
    for fuse in (False, True):
        with torch.random.fork_rng():
            torch.manual_seed(0)
            network = networks.mlp(4, 30, 30, 2, p=0.5, activation=activation, fuse=fuse)
            states.append(network.state_dict())
            outputs.append(network(torch.ones(5, 4)))

    assert list(states[0]) == list(states[1])
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    # GELU and SiLU of the one pass agree to the rounding of float32.
    assert torch.allclose(outputs[0], outputs[1], rtol=1e-5, atol=1e-6)
    assert [type(layer) for layer in network][1:3] == [nn.Identity, ActivationDropout]


def test_a_network_that_cannot_be_fused_is_built_as_ever() -> None:
    fused, plain = (
        networks.mlp(4, 3, 2, p=0.5, activation="tanh", fuse=fuse) for fuse in (True, False)
    )

    assert repr(fused) == repr(plain)


def test_a_fused_recipe_builds_a_fused_network() -> None:
    recipe = networks.MLP((4, 3, 2), fuse=True)

    assert repr(recipe(0.2)) == repr(networks.mlp(4, 3, 2, p=0.2, fuse=True))
