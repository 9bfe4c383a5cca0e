import contextlib
import copy
import io
import itertools
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from torchdrop import networks
from torchdrop.errors import ModelError
from torchdrop.functional import Activation
from torchdrop.kernels import keep_probability
from torchdrop.nn import ActivationDropout, DropBlock2d, Dropout, DropPath, Zoneout
from torchdrop.surgery import LinearRate, fold, fold_, schedule

Z = 5.0
PAGE = Path(__file__).parents[2] / "docs" / "fold.md"


def _classic(p: float = 0.3) -> Dropout:
    return Dropout(p, scale="eval")


def _input(*shape: int, dtype: torch.dtype = torch.float64) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(0), dtype=dtype)


# Classic networks that fold completely, and an input's shape.
FOLDABLE: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "Linear": (lambda: nn.Sequential(_classic(), nn.Linear(6, 4)), (5, 6)),
    "Flatten": (lambda: nn.Sequential(_classic(), nn.Flatten(), nn.Linear(12, 4)), (5, 3, 4)),
    "Conv1d": (lambda: nn.Sequential(_classic(), nn.Conv1d(3, 4, 3, padding=1)), (5, 3, 8)),
    "Conv2d": (
        lambda: nn.Sequential(
            nn.Conv2d(2, 4, 3, padding=1, padding_mode="reflect"),
            *(nn.ReLU(), _classic(), nn.MaxPool2d(2)),
            *(nn.Conv2d(4, 4, 3, groups=2), nn.ReLU(), _classic(0.6), nn.Flatten()),
            nn.Linear(16, 3),
        ),
        (2, 2, 8, 8),
    ),
    "ConvTranspose2d": (
        lambda: nn.Sequential(_classic(), nn.ConvTranspose2d(3, 2, 3, bias=False)),
        (2, 3, 4, 4),
    ),
    "blocks": (
        lambda: nn.Sequential(
            nn.Sequential(nn.Linear(6, 6), nn.Sequential(nn.Tanh(), _classic())),
            nn.Sequential(nn.Sequential(nn.Linear(6, 4))),
        ),
        (5, 6),
    ),
    "two in a row": (lambda: nn.Sequential(_classic(), _classic(0.5), nn.Linear(6, 4)), (5, 6)),
    "classic and inverted": (
        lambda: nn.Sequential(_classic(), nn.Dropout(0.5), nn.ReLU(), nn.Linear(6, 4)),
        (5, 6),
    ),
    "all dropped": (lambda: nn.Sequential(_classic(1.0), nn.Linear(6, 4)), (5, 6)),
    "none dropped, nothing after": (lambda: nn.Sequential(nn.Linear(6, 4), _classic(0.0)), (5, 6)),
    "shared dims": (
        lambda: nn.Sequential(Dropout(0.4, scale="eval", dims=(0,)), nn.Linear(6, 4)),
        (5, 6),
    ),
    **{
        name: (
            lambda name=name: nn.Sequential(  # type: ignore[misc]
                nn.Linear(6, 6), ActivationDropout(name, 0.3, scale="eval"), nn.Linear(6, 4)
            ),
            (5, 6),
        )
        for name in ("relu", "leaky_relu", "gelu", "gelu_tanh", "silu")
    },
}


@pytest.mark.parametrize("name", FOLDABLE)
def test_a_folded_network_gives_what_evaluation_gave(name: str) -> None:
    make, shape = FOLDABLE[name]
    model, x = make().double().eval(), _input(*shape)
    folded = fold(model)

    assert (folded(x) - model(x)).abs().max() < 1e-12
    assert torch.equal(folded.train()(x), folded.eval()(x))
    assert not any(isinstance(layer, nn.Dropout) for layer in folded.modules())


@pytest.mark.parametrize("name", FOLDABLE)
def test_names_keys_and_shapes_stay(name: str) -> None:
    model = FOLDABLE[name][0]()
    folded = fold(model)

    assert [site for site, _ in folded.named_modules()] == [s for s, _ in model.named_modules()]
    assert list(folded.state_dict()) == list(model.state_dict())
    model.load_state_dict(folded.state_dict())


def test_three_nodes_by_the_numbers_of_the_chapter() -> None:
    """Chapter point 6: 3 nodes, p = 0.33; about 2 survive, and 3 would be 1.5 times as much."""
    following = nn.Linear(3, 1, bias=False, dtype=torch.float64)
    nn.init.ones_(following.weight)
    model = nn.Sequential(_classic(0.33), following)
    nodes = torch.ones(1, 3, dtype=torch.float64)
    survivors = sum(
        math.prod(0.67 if kept else 0.33 for kept in mask) * sum(mask)
        for mask in itertools.product((0, 1), repeat=3)
    )
    unscaled = nodes.sum().item()
    fold_(model)

    assert survivors == pytest.approx(2.01)
    assert unscaled / survivors == pytest.approx(1 / 0.67)
    assert round(unscaled / survivors, 1) == 1.5
    assert following.weight.tolist() == [[pytest.approx(0.67, abs=2**-33)] * 3]
    assert model(nodes).item() == pytest.approx(survivors, abs=3 * 2**-33)


def test_training_gave_on_average_what_the_folded_network_gives() -> None:
    """Both schemes, chapter points 6 and 7, give the same expected network."""
    n, p, nodes = 40_000, 0.33, torch.ones(40_000, 3, dtype=torch.float64)
    for scale, expected in (("eval", 3 * (1 - p)), ("train", 3.0)):
        dropout = Dropout(p, scale=scale)  # type: ignore[arg-type]
        model = nn.Sequential(dropout, nn.Linear(3, 1, bias=False)).double()
        nn.init.ones_(model[1].weight)  # type: ignore[arg-type]
        with torch.random.fork_rng(), torch.no_grad():
            torch.manual_seed(0)
            mean = model(nodes).mean().item()
        spread = math.sqrt(3 * p * (1 - p)) / (1 if scale == "eval" else 1 - p)

        assert abs(mean - expected) < Z * spread / math.sqrt(n)
        assert fold(model)(nodes[:1]).item() == pytest.approx(expected, abs=3 * 2**-33)


def test_float32_differs_by_rounding_alone() -> None:
    """Either way, a term `w q x` is rounded 3 times at most before the sum of n terms and a bias.

    Each sum is then within `(n + 4) u` of the exact one, relative to the sum of magnitudes.
    """
    n, u = 300, 2.0**-24
    model = nn.Sequential(_classic(0.33), nn.Linear(n, 50)).eval()
    x = _input(64, n, dtype=torch.float32)
    w, b = (tensor.detach().double().abs() for tensor in model[1].parameters())
    sizes = keep_probability(0.33) * (x.double().abs() @ w.T) + b

    assert ((fold(model)(x) - model(x)).abs() <= 2 * (n + 4) * u * sizes).all()


def test_inverted_dropout_goes_and_weights_stay_to_the_bit() -> None:
    model = networks.mlp(300, 200, 100, 50, 10, p=0.3)
    folded, x = fold(model), _input(4, 300, dtype=torch.float32)

    assert [type(folded[i]) for i in (2, 5, 8)] == [nn.Identity] * 3
    assert all(map(torch.equal, folded.parameters(), model.parameters()))
    assert torch.equal(folded(x), model.eval()(x))


def test_inverted_dropout_goes_wherever_it_is() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.drop = nn.Dropout2d(0.2)
            self.path = nn.ModuleList([DropPath(0.2), DropBlock2d(0.1), nn.AlphaDropout()])

    changes = fold_(Net())

    assert [change.site for change in changes] == ["drop", "path.0", "path.1", "path.2"]
    assert {change.after for change in changes} == {"torch.nn.Identity()"}
    assert not changes.left


def test_a_model_that_is_a_dropout_is_folded_too() -> None:
    model = nn.Dropout(0.4)

    assert [change.site for change in fold_(model)] == [""]
    assert repr(model) == "Identity()"


@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "silu"])
def test_an_activation_in_place_stays_so(activation: Activation) -> None:
    model = nn.Sequential(nn.Linear(4, 4), ActivationDropout(activation, 0.3, inplace=True))
    folded, x = fold(model), _input(3, 4, dtype=torch.float32)

    assert "inplace=True" in repr(folded[1])
    assert torch.equal(folded(x), model.eval()(x))
    folded(x).sum().backward()


def test_the_record_says_where_each_factor_went() -> None:
    changes = fold_(FOLDABLE["Conv2d"][0]())

    assert [(change.site, change.why) for change in changes] == [
        ("2", "1 - p moved into 4"),
        ("4", "weight times 0.7"),
        ("6", "1 - p moved into 8"),
        ("8", "weight times 0.4"),
    ]
    assert [change.after for change in changes][::2] == ["torch.nn.Identity()"] * 2


def test_the_argument_is_left_alone_and_a_second_fold_changes_nothing() -> None:
    model = FOLDABLE["Conv2d"][0]()
    before = copy.deepcopy(model.state_dict())
    folded = fold(model)

    assert type(model[2]) is Dropout  # type: ignore[index]
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    assert len(fold_(folded)) == 0


def test_parameters_and_layers_stay_the_same_objects() -> None:
    model = nn.Sequential(_classic(), nn.Linear(3, 3))
    drop, weight = model[0], model[1].weight
    fold_(model)

    assert model[0] is drop
    assert model[1].weight is weight


def test_the_rate_of_a_schedule_is_that_of_the_moment() -> None:
    model = nn.Sequential(_classic(0.8), nn.Linear(3, 3)).double().eval()
    schedule(model, LinearRate(steps=2)).step()
    x = _input(4, 3)

    assert (fold(model)(x) - model(x)).abs().max() < 1e-12
    assert "times 0.6" in str(fold_(model))


class _Own(nn.Sequential):
    def forward(self, input: Tensor) -> Tensor:
        result: Tensor = self[1](self[0](input).tanh())
        return result


def _tied() -> nn.Module:
    model = nn.Sequential(nn.Linear(3, 3), _classic(), nn.Linear(3, 3))
    model[2].weight = model[0].weight
    return model


def _hooked(place: int) -> nn.Module:
    model = nn.Sequential(_classic(), nn.ReLU(), nn.Linear(3, 3))
    model[place].register_forward_hook(lambda *_: None)
    return model


def _twice() -> nn.Module:
    linear = nn.Linear(3, 3)
    return nn.Sequential(linear, _classic(), linear)


def _shared_dropout() -> nn.Module:
    drop = _classic()
    return nn.Sequential(drop, nn.Linear(3, 3), drop, nn.Tanh(), nn.Linear(3, 3))


def _by_hand() -> nn.Module:
    model: Any = nn.Sequential(_classic(), nn.Linear(3, 3))
    model[1].forward = lambda x: x.tanh()
    return model  # type: ignore[no-any-return]


def _shared_block() -> nn.Module:
    block = nn.Sequential(nn.Linear(3, 3), _classic())
    return nn.Sequential(block, nn.Linear(3, 3), block)


UNFOLDABLE: dict[str, tuple[Callable[[], nn.Module], str]] = {
    "nonlinearity": (
        lambda: nn.Sequential(_classic(), nn.Tanh(), nn.Linear(3, 3)),
        r"cannot be moved past 1, torch\.nn\.Tanh",
    ),
    "unknown layer": (
        lambda: nn.Sequential(_classic(), nn.LayerNorm(3), nn.Linear(3, 3)),
        r"cannot be moved past 1, torch\.nn\.LayerNorm",
    ),
    "nothing after": (lambda: nn.Sequential(nn.Linear(3, 3), _classic()), "no layer with weights"),
    "no Sequential": (_classic, "what follows is not known"),
    "own forward": (lambda: _Own(_classic(), nn.Linear(3, 3)), "what follows is not known"),
    "tied weight": (_tied, "2 shares its weight"),
    "used twice": (_twice, "2 is used in another place too"),
    "shared dropout": (_shared_dropout, "cannot be moved past 3"),
    "shared block": (_shared_block, "no layer with weights"),
    "dropout hooked": (lambda: _hooked(0), "0 has hooks"),
    "between hooked": (lambda: _hooked(1), "1 has hooks"),
    "weights hooked": (lambda: _hooked(2), "2 has hooks"),
    "forward by hand": (_by_hand, "forward of 1 was replaced by hand"),
    "parametrized": (
        lambda: nn.Sequential(_classic(), nn.utils.parametrizations.weight_norm(nn.Linear(3, 3))),
        "cannot be moved past 1, .*ParametrizedLinear",
    ),
    "silent in place": (
        lambda: nn.Sequential(
            ActivationDropout("gelu", 0.3, inplace=True, scale="eval"), nn.Linear(3, 3)
        ),
        r"torch\.nn\.GELU cannot",
    ),
}


@pytest.mark.parametrize("name", UNFOLDABLE)
def test_what_cannot_be_folded_is_left_and_listed(name: str) -> None:
    make, why = UNFOLDABLE[name]
    model, x = make().double().eval(), _input(5, 3)
    expected = model(x.clone())
    changes = fold_(model)

    assert not changes
    assert re.search(why, changes.left[0].why)
    assert torch.equal(model(x.clone()), expected)
    assert any(getattr(layer, "scale", "") == "eval" for layer in model.modules())


def test_a_chain_folds_in_part_where_it_can() -> None:
    model = nn.Sequential(_classic(0.2), nn.Linear(3, 3), nn.Tanh(), _classic(), nn.Softmax(1))
    changes = fold_(model)

    assert [change.site for change in changes] == ["0", "1"]
    assert [change.site for change in changes.left] == ["3"]


def test_what_drops_something_else_is_left_and_listed() -> None:
    model = nn.ModuleList([Zoneout(0.1), nn.LSTM(2, 2, 2, dropout=0.2), nn.GRU(2, 2)])
    changes = fold_(model)

    assert not changes
    assert [change.why for change in changes.left] == [
        "fold does not know how to take Zoneout out",
        "fold does not know how to take LSTM out",
    ]


def test_anything_but_a_module_is_refused() -> None:
    with pytest.raises(ModelError, match=r"torch\.nn\.Module; got type"):
        fold_(nn.Dropout)  # type: ignore[arg-type]


def test_the_page_prints_what_it_shows() -> None:
    text = PAGE.read_text(encoding="utf-8")
    code, shown = (
        re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)[0] for kind in ("python", "text")
    )
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed), torch.random.fork_rng():
        exec(code, {})

    assert printed.getvalue() == shown


def test_classic_scaling_that_fold_does_not_know_stays_and_is_listed() -> None:
    model = nn.Sequential(DropPath(0.3, scale="eval"), nn.Linear(3, 2))
    changes = fold_(model)

    assert not changes.made
    assert "classic scaling of DropPath" in changes.left[0].why
