import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from torchdrop import networks
from torchdrop.errors import ModelError, SettingError
from torchdrop.nn import Dropout, ThinnedSequential
from torchdrop.sites import find_sites
from torchdrop.surgery import convert_, remove_, thin, thin_


class _Block(nn.Module):
    """The feed-forward half of a transformer block."""

    def __init__(self) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.mlp = nn.Sequential(
            *(nn.Linear(8, 32), nn.GELU(), nn.Dropout(0.5), nn.Linear(32, 8), nn.Dropout(0.1))
        )

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y: torch.Tensor = x + self.mlp(self.norm(x))
        return y


class _Mlp(nn.Module):
    """As timm and Hugging Face write it; `through` is what it does with what `fc1` gives."""

    def __init__(self, through: Callable[["_Mlp", Tensor], Tensor]) -> None:
        super().__init__()
        self.fc1, self.drop, self.fc2 = nn.Linear(8, 32), nn.Dropout(0.25), nn.Linear(32, 8)
        self.gate, self.act, self.norm = nn.Linear(8, 32), nn.GELU(), nn.Identity()
        self.prelu, self.layer_norm = nn.PReLU(32), nn.LayerNorm(32)
        self.through = through

    def forward(self, x: Tensor) -> Tensor:
        self.input = x
        return self.through(self, self.fc1(x))


class _Blocks(nn.Module):
    """Two of them, each behind a norm."""

    def __init__(self, through: Callable[[_Mlp, Tensor], Tensor]) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(8)
        self.mlps = nn.ModuleList(_Mlp(through) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        for mlp in self.mlps:
            x = x + mlp(self.norm(x))
        return x


class _InOrder(nn.Sequential):
    """As torchvision's MLPBlock: a Sequential with a name of its own."""


def _own_gelu(x: Tensor) -> Tensor:
    return x * torch.sigmoid(1.7 * x)


def _in_training_only(mlp: _Mlp, h: Tensor) -> Tensor:
    h = mlp.drop(mlp.act(h))
    y: Tensor = mlp.fc2(h)
    return y + h.mean() if mlp.training else y


THINNED: dict[str, Callable[[_Mlp, Tensor], Tensor]] = {
    "a layer": lambda m, h: m.fc2(m.norm(m.drop(m.act(h)))),
    "a function": lambda m, h: m.fc2(m.drop(F.gelu(h))),
    "several functions": lambda m, h: m.fc2(m.drop(F.relu(torch.tanh(h)))),
    "none": lambda m, h: m.fc2(m.drop(h)),
}

LEFT: dict[str, tuple[Callable[[_Mlp, Tensor], Tensor], str]] = {
    "a gate": (lambda m, h: m.fc2(m.drop(m.act(m.gate(m.input)) * h)), "follows mul()"),
    "a gate of its own": (lambda m, h: m.fc2(m.drop(_own_gelu(h))), "follows mul()"),
    "a norm": (lambda m, h: m.fc2(m.drop(m.layer_norm(h))), "follows mlps.0.layer_norm"),
    "slopes": (lambda m, h: m.fc2(m.drop(m.prelu(h))), "follows mlps.0.prelu"),
    "softmax": (lambda m, h: m.fc2(m.drop(h.softmax(-1))), "follows softmax()"),
    "a later norm": (lambda m, h: m.fc2(m.layer_norm(m.drop(h))), "followed by mlps.0.layer_norm"),
    "a sum": (lambda m, h: m.fc2(m.drop(h)) + h.mean(), "gives is used elsewhere too"),
    "a later sum": (lambda m, h: m.fc2(d := m.drop(h)) + d.mean(), "used more than once"),
    "a sum in training": (_in_training_only, "used more than once"),
    "an end": (lambda m, h: m.drop(m.fc2(m.act(h))), "followed by add()"),
    "twice": (lambda m, h: m.fc2(m.drop(m.act(m.fc1(m.fc2(m.drop(h)))))), "more than once"),
    "no call": (lambda m, h: m.fc2(h), "does not reach it"),
}


@pytest.mark.parametrize("through", THINNED.values(), ids=list(THINNED))
def test_pairs_are_found_by_running_an_example(through: Callable[[_Mlp, Tensor], Tensor]) -> None:
    plain, x = _Blocks(through).double(), torch.randn(2, 5, 8, dtype=torch.float64)
    model = copy.deepcopy(plain)
    layers = list(model.modules())
    changes = thin_(model, 0.5, example=x, always=True)

    assert [(change.site, change.before, change.after) for change in changes] == [
        (f"mlps.{i}", "_Mlp", "_Mlp, thinned") for i in range(2)
    ]
    assert changes.made[0].why == "units of fc1 dropped by drop (p=0.5) are not computed"
    assert list(model.modules()) == layers
    assert list(model.state_dict()) == list(plain.state_dict())
    for mlp in plain.mlps:
        mlp.drop = Dropout(0.5, dims=(-1,))
    results = []
    for each in (plain, model):
        torch.manual_seed(0)
        each(x).pow(2).sum().backward()
        results.append([w.grad for w in each.parameters() if w.grad is not None])
    for one, other in zip(*results, strict=True):
        assert torch.allclose(one, other, rtol=0, atol=1e-12)
    assert torch.equal(model.eval()(x), plain.eval()(x))


@pytest.mark.parametrize(("through", "why"), LEFT.values(), ids=list(LEFT))
def test_what_is_no_pair_is_left_alone(through: Callable[[_Mlp, Tensor], Tensor], why: str) -> None:
    model = nn.Sequential(_Blocks(through), nn.Linear(8, 9), nn.Dropout(0.1), nn.Linear(9, 8))
    left = thin_(model, example=torch.randn(3, 8)).left

    assert [change.site for change in left] == ["0.mlps.0.drop", "0.mlps.1.drop"]
    assert why in left[0].why.replace("0.mlps", "mlps")


def test_without_an_example_unknown_blocks_are_left_alone() -> None:
    with pytest.raises(ModelError, match=r"mlps.0.drop: .* thin\(model, example=x\)"):
        thin_(_Blocks(THINNED["a layer"]))


def test_torchs_transformer_is_thinned_without_an_example() -> None:
    model = nn.Transformer(8, 2, 1, 1, 32, batch_first=True)
    changes = thin_(model)

    assert [change.site for change in changes] == ["encoder.layers.0", "decoder.layers.0"]
    assert "added" in changes.left[0].why
    x = torch.randn(2, 3, 8)
    again = thin_(nn.Transformer(8, 2, 1, 1, 32, batch_first=True), example=(x, x))
    assert again.made == changes.made


def test_a_transformer_with_a_forward_or_activation_of_its_own_takes_an_example() -> None:
    class Own(nn.TransformerEncoderLayer):
        def _ff_block(self, x: Tensor) -> Tensor:
            h = self.dropout(self.activation(self.linear1(x)))
            y: Tensor = self.dropout2(self.linear2(h) + h.sum())
            return y

    known: list[nn.Module] = [
        nn.TransformerEncoderLayer(8, 2, activation=nn.SiLU()),
        nn.TransformerEncoderLayer(8, 2, activation=F.silu),
    ]
    unknown = [Own(8, 2), nn.TransformerEncoderLayer(8, 2, activation=nn.PReLU())]
    for layer in known:
        assert len(thin_(layer)) == 1
    for layer in unknown:
        with pytest.raises(ModelError, match="takes an example"):
            thin_(layer)
    another = nn.TransformerEncoderLayer(8, 2, activation=torch.tanh)
    assert len(thin_(another, example=torch.randn(3, 2, 8))) == 1
    with pytest.raises(ModelError, match="more than once"):
        thin_(unknown[0], example=torch.randn(3, 2, 8))


def test_a_class_built_on_sequential_keeps_its_class() -> None:
    layers = (nn.Linear(8, 32), nn.GELU(), nn.Dropout(0.5), nn.Linear(32, 8), nn.ReLU())
    model = _InOrder(*layers, nn.Dropout(0.5), nn.Linear(8, 2), nn.Dropout(0.1))
    changes = thin_(model)

    assert type(model) is _InOrder
    assert [change.why.split(" (")[0] for change in changes] == [
        "units of 0 dropped by 2",
        "units of 3 dropped by 5",
    ]
    assert [change.site for change in changes.left] == ["7"]
    model(torch.randn(5, 8)).sum().backward()


def test_layers_with_hooks_or_several_places_are_left_alone() -> None:
    hooked, shared = (nn.TransformerEncoderLayer(8, 2, 32) for _ in range(2))
    hooked.linear1.register_forward_hook(lambda *_: None)
    shared.dropout1 = shared.dropout
    classic = nn.TransformerEncoderLayer(8, 2, 32)
    classic.dropout = Dropout(0.1, scale="eval")
    for model, why in ((hooked, "has hooks"), (shared, "another place"), (classic, "evaluation")):
        with pytest.raises(ModelError, match=why):
            thin_(model)


def test_chains_and_pairs_are_thinned_in_one_model() -> None:
    model = nn.ModuleDict({"chain": _Block(), "layer": nn.TransformerEncoderLayer(8, 2, 32)})
    grouped = thin_(copy.deepcopy(model), groups=2)

    assert [change.site for change in thin_(model)] == ["chain.mlp", "layer"]
    assert [change.site for change in grouped] == ["chain.mlp"]
    assert "groups" in next(c.why for c in grouped.left if c.site == "layer.dropout")


def test_a_dry_run_shows_pairs_and_a_copy_leaves_them() -> None:
    model = nn.TransformerEncoderLayer(8, 2, 32)
    assert len(thin_(model, dry_run=True)) == 1
    assert type(thin(model, example=torch.randn(3, 2, 8)).linear1) is not nn.Linear
    assert type(model.linear1) is type(model.linear2) is nn.Linear


def test_thinned_pairs_stay_when_a_model_is_converted_or_told_to_remove_dropout() -> None:
    model = thin(nn.TransformerEncoderLayer(8, 2, 32, 0.5), always=True)
    x = torch.randn(5, 2, 8)
    for change_ in (convert_, remove_):
        change_(model)
        model(x).sum().backward()
        model.zero_grad()

    assert "ThinnedDropout" in repr(model)


def test_the_chapters_network_is_thinned_in_all_its_layers() -> None:
    model = networks.mlp(300, 200, 100, 50, 10, p=0.3)
    changes = thin_(model)

    assert type(model) is ThinnedSequential
    assert [change.why for change in changes] == [
        "units dropped by 2 (p=0.3), 5 (p=0.3), 8 (p=0.3) are not computed"
    ]


def test_objects_names_and_evaluation_stay() -> None:
    model = _Block()
    mlp, before, x = model.mlp, copy.deepcopy(model), torch.randn(2, 5, 8)
    thin_(model)

    assert model.mlp is mlp
    assert list(model.state_dict()) == list(before.state_dict())
    assert torch.equal(model.eval()(x), before.eval()(x))


def test_in_training_rows_share_their_units() -> None:
    model = thin(_Block(), 0.9)
    model.mlp[4].p = 0.0  # type: ignore[assignment]
    y = model.mlp(torch.randn(1, 8).expand(64, 8))

    assert torch.allclose(y, y[:1].expand_as(y))
    assert not torch.allclose(y, model.eval().mlp(torch.randn(1, 8)))


def test_small_chains_step_aside_unless_always_is_asked_for() -> None:
    aside, always = thin(_Block()), thin(_Block(), always=True)

    assert aside.mlp.thins(8) == ()  # type: ignore[operator]
    assert always.mlp.thins(8) == ("2",)  # type: ignore[operator]
    assert "thins 2 from" in repr(aside)


def test_a_copy_leaves_the_model_alone_and_a_dry_run_too() -> None:
    model = _Block()
    assert type(thin(model).mlp) is ThinnedSequential
    assert len(thin_(model, dry_run=True)) == 1
    assert type(model.mlp) is nn.Sequential


def test_p_can_be_given_and_converted_layers_stay_thinned() -> None:
    model = _Block()
    thin_(model, 0.25)
    convert_(model)

    assert model.mlp[2].p == 0.25
    assert model.mlp[4].p == 0.1
    assert type(model.mlp) is ThinnedSequential


def test_what_cannot_be_thinned_is_refused() -> None:
    with pytest.raises(ModelError, match="no chain to thin"):
        thin_(nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5)))
    with pytest.raises(SettingError):
        thin_(_Block(), 1.5)


def test_thinned_layers_are_no_sites_of_dropout_themselves() -> None:
    chain = thin(networks.mlp(4, 8, 2, p=0.5))
    layer = thin(nn.TransformerEncoderLayer(8, 2, 16, dropout=0.5))

    assert [site.name for site in find_sites(chain)] == ["2"]
    assert "linear1" not in {site.name for site in find_sites(layer)}
