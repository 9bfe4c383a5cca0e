import copy
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from torchdrop.nn import ActivationDropout, Dropout
from torchdrop.surgery import convert, convert_

ACTIVATIONS: dict[str, Callable[[], nn.Module]] = {
    "ReLU": nn.ReLU,
    "ReLU-inplace": lambda: nn.ReLU(inplace=True),
    "LeakyReLU": lambda: nn.LeakyReLU(0.2),
    "LeakyReLU-inplace": lambda: nn.LeakyReLU(0.2, inplace=True),
    "GELU": nn.GELU,
    "GELU-tanh": lambda: nn.GELU(approximate="tanh"),
    "SiLU": nn.SiLU,
    "SiLU-inplace": lambda: nn.SiLU(inplace=True),
}


def _net(activation: nn.Module, drop: nn.Module | None = None) -> nn.Sequential:
    drop = nn.Dropout(0.4) if drop is None else drop
    return nn.Sequential(nn.Linear(6, 50), activation, drop, nn.Linear(50, 3))


@pytest.fixture(params=ACTIVATIONS)
def model(request: pytest.FixtureRequest) -> nn.Sequential:
    return _net(ACTIVATIONS[request.param]())


def _gradients(model: Any, x: Tensor) -> list[Tensor]:
    x = x.clone().requires_grad_()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        y = model(x)
    return [y, *torch.autograd.grad(y.square().sum(), [x, *model.parameters()])]


def test_activation_and_dropout_become_one_layer_in_the_place_of_the_dropout(
    model: nn.Sequential,
) -> None:
    keys = list(model.state_dict())
    changes = convert_(model, fuse=True)

    assert [type(layer) for layer in model] == [
        *(nn.Linear, nn.Identity, ActivationDropout, nn.Linear)
    ]
    assert list(model.state_dict()) == keys
    assert [change.site for change in changes] == ["1", "2"]


def test_evaluation_is_the_same_to_the_bit(model: nn.Sequential) -> None:
    x = torch.randn(7, 6)

    assert torch.equal(convert(model, fuse=True).eval()(x), model.eval()(x))


def test_training_and_gradients_are_those_of_the_two_layers(model: nn.Sequential) -> None:
    x = torch.randn(7, 6)
    two, one = _gradients(convert(model), x), _gradients(convert(model, fuse=True), x)

    for a, b in zip(two, one, strict=True):
        torch.testing.assert_close(a, b)
    assert torch.equal(two[0] == 0, one[0] == 0)


@pytest.mark.parametrize("scale", ["train", "eval"])
def test_torchdrops_own_layer_is_fused_with_its_settings(scale: Any) -> None:
    model = _net(nn.ReLU(), Dropout(0.3, scale=scale))
    x = torch.randn(7, 6)
    fused = convert(model, fuse=True)

    assert repr(fused[2]) == repr(ActivationDropout("relu", 0.3, scale=scale))
    assert torch.equal(_gradients(fused, x)[0], _gradients(model, x)[0])
    assert torch.equal(fused.eval()(x), model.eval()(x))


def test_the_dropout_layer_stays_the_object_that_others_hold() -> None:
    held = nn.Dropout()
    model = _net(nn.ReLU(), held)
    convert_(model, fuse=True)
    held.p = 1.0

    assert held is model[2]
    assert torch.equal(model[:3](torch.ones(2, 6)), torch.zeros(2, 50))


def test_an_in_place_dropout_is_fused_out_of_place() -> None:
    model = nn.Sequential(nn.LeakyReLU(), nn.Dropout(0.5, inplace=True))
    x = torch.randn(30)
    before = x.clone()
    convert_(model, fuse=True)
    model(x)

    assert torch.equal(x, before)


def test_modes_are_kept() -> None:
    model = _net(nn.ReLU().eval(), nn.Dropout())
    convert_(model, fuse=True)

    assert [layer.training for layer in model] == [True, False, True, True]


def test_without_fuse_the_activation_stays() -> None:
    model = convert(_net(nn.ReLU()))

    assert [type(layer) for layer in model] == [nn.Linear, nn.ReLU, Dropout, nn.Linear]


def test_named_and_nested_sequences_are_fused() -> None:
    inner = nn.Sequential(OrderedDict(act=nn.SiLU(), drop=nn.Dropout(0.2)))
    model = nn.ModuleDict({"body": nn.Sequential(nn.Linear(2, 2), inner)})
    changes = convert_(model, fuse=True)

    assert [change.site for change in changes] == ["body.1.act", "body.1.drop"]
    assert list(inner._modules) == ["act", "drop"]
    assert [change.why for change in changes] == [
        *("fused into body.1.drop", "fused with body.1.act")
    ]


class _Block(nn.Sequential):
    pass


class _Backwards(nn.Sequential):
    def forward(self, input: Tensor) -> Tensor:
        for layer in reversed(list(self)):
            input = layer(input)
        return input


def test_a_subclass_of_sequential_is_fused_if_it_runs_like_one() -> None:
    layers = nn.ReLU(), nn.Dropout()

    assert len(convert_(_Block(*copy.deepcopy(layers)), fuse=True)) == 2
    assert "_Backwards has a forward of its own" in _reason(_Backwards(*layers))


def _reason(model: nn.Module) -> str:
    """Convert a model in which nothing can be fused, and return the reason given."""
    before = [type(layer) for layer in model.modules()]
    changes = convert_(model, fuse=True)
    swapped = [Dropout if kind is nn.Dropout else kind for kind in before]

    assert [type(layer) for layer in model.modules()] == swapped
    return changes.left[0].why


@pytest.mark.parametrize("place", [1, 2])
@pytest.mark.parametrize(
    "register",
    ["register_forward_hook", "register_forward_pre_hook", "register_full_backward_hook"],
)
def test_layers_with_hooks_are_not_fused(place: int, register: str) -> None:
    model = _net(nn.ReLU())
    getattr(model[place], register)(lambda *_: None)

    assert "has hooks" in _reason(model)


@pytest.mark.parametrize("place", [1, 2])
def test_layers_used_elsewhere_are_not_fused(place: int) -> None:
    model = _net(nn.ReLU())
    model.append(model[place])

    assert "used in another place too" in _reason(model)


def test_an_activation_that_writes_into_the_callers_tensor_is_not_fused() -> None:
    model = nn.Sequential(nn.ReLU(inplace=True), nn.Dropout())

    assert "others may hold" in _reason(model)


def test_an_activation_that_writes_into_what_a_hook_saw_is_not_fused() -> None:
    model = _net(nn.ReLU(inplace=True))
    model[0].register_forward_hook(lambda *_: None)

    assert "others may hold" in _reason(model)


def test_an_activation_with_tensors_of_its_own_is_not_fused() -> None:
    activation = nn.ReLU()
    activation.register_buffer("count", torch.zeros(1))

    assert "given tensors" in _reason(_net(activation))


@pytest.mark.parametrize("place", [1, 2])
def test_a_replaced_forward_is_not_fused(place: int) -> None:
    model = _net(nn.ReLU())
    model[place].forward = lambda input: input
    changes = convert_(model, fuse=True)

    assert "replaced by hand" in changes.left[0].why
    assert type(model[1]) is nn.ReLU


def test_other_activations_and_other_orders_are_not_touched() -> None:
    model = nn.Sequential(nn.Dropout(), nn.ReLU(), nn.Linear(2, 2), nn.Tanh(), nn.Dropout())
    changes = convert_(model, fuse=True)

    assert [change.site for change in changes] == ["0", "4"]
    assert not changes.left


@pytest.mark.filterwarnings("ignore:.*Function.* should not be instantiated:DeprecationWarning")
def test_fused_models_compile() -> None:
    model, x = convert(_net(nn.GELU()), fuse=True), torch.randn(7, 6)
    compiled = torch.compile(model, fullgraph=True, backend="aot_eager")

    torch.testing.assert_close(_gradients(compiled, x), _gradients(model, x))
