"""Thinned pairs against what they must equal: plain layers around dropout of whole units."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.checkpoint import checkpoint

from torchdrop import functional
from torchdrop.errors import ModelError, SettingError
from torchdrop.nn import Dropout, thinned_pair
from torchdrop.nn._thinning_pays import least_rows
from torchdrop.surgery import thin, thin_


class _Mlp(nn.Module):
    """As timm and Hugging Face write it; `act` is a function or a layer."""

    def __init__(self, act: Callable[[Tensor], Tensor], dropout: nn.Module) -> None:
        super().__init__()
        self.fc1, self.act, self.drop = nn.Linear(6, 16), act, dropout
        self.norm, self.fc2 = nn.Identity(), nn.Linear(16, 4)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.fc2(self.norm(self.drop(self.act(self.fc1(x)))))
        return y


class _Deep(nn.Module):
    """Its middle layer stands behind one dropout and before another."""

    def __init__(self, p: float, dims: tuple[int, ...] | None) -> None:
        super().__init__()
        self.one, self.two, self.three = nn.Linear(6, 16), nn.Linear(16, 12), nn.Linear(12, 4)
        self.first, self.second = Dropout(p, dims=dims), Dropout(p, dims=dims)

    def forward(self, x: Tensor) -> Tensor:
        hidden: Tensor = self.two(self.first(F.relu(self.one(x))))
        y: Tensor = self.three(self.second(torch.tanh(hidden)))
        return y


def _own_gelu(x: Tensor) -> Tensor:
    return 0.5 * x * (1 + torch.tanh(0.8 * (x + 0.04 * x**3)))


ACTS: dict[str, Callable[[], Callable[[Tensor], Tensor]]] = {
    "function": lambda: F.gelu,
    "layer": nn.GELU,
    "in place": lambda: nn.ReLU(inplace=True),
    "several": lambda: _own_gelu,
    "none": nn.Identity,
}


def _pair(p: float = 0.5, act: str = "function", **settings: Any) -> tuple[Any, Any, Tensor]:
    """A thinned MLP, and the plain one with masks of whole units."""
    plain = _Mlp(ACTS[act](), Dropout(p, dims=(-1,))).double()
    thinned = _Mlp(ACTS[act](), nn.Dropout(p)).double()
    thinned.load_state_dict(plain.state_dict())
    _link(thinned, ("fc1", "drop", "fc2"), **settings)
    return thinned, plain, torch.randn(5, 6, dtype=torch.float64)


def _link(model: nn.Module, names: tuple[str, str, str], **settings: Any) -> None:
    """However small it is: none of these has enough rows to gain by it."""
    layers: Any = [getattr(model, name) for name in names]
    likes = thinned_pair(*layers, **{"always": True, **settings})
    for layer, like in zip(layers, likes, strict=True):
        layer.__class__ = type(like)
        for name in ("before", "behind", "pair", "scale", "dims"):
            if name in vars(like):
                setattr(layer, name, getattr(like, name))


def _run(
    model: Callable[[Tensor], Tensor], x: Tensor, weights: nn.Module, seed: int = 3
) -> tuple[Tensor, dict[str, Tensor]]:
    torch.manual_seed(seed)
    weights.zero_grad()
    x = x.clone().requires_grad_()
    y = model(x)
    loss: Any = (y * torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view_as(y)).sum()
    loss.backward()
    gradients = {k: w.grad.clone() for k, w in weights.named_parameters() if w.grad is not None}
    return y.detach(), {**gradients, "x": x.grad}  # type: ignore[dict-item]


def _call(model: nn.Module, more: tuple[Tensor, ...], x: Tensor) -> Tensor:
    y: Tensor = model(x, *more)
    return y


def _assert_equal(thinned: nn.Module, plain: nn.Module, x: Tensor, seeds: int = 4) -> None:
    for seed in range(seeds):
        (y, gradients), (expected, others) = (_run(m, x, m, seed) for m in (thinned, plain))
        assert torch.allclose(y, expected, rtol=0, atol=1e-12)
        assert gradients.keys() == others.keys()
        for key, value in gradients.items():
            assert torch.allclose(value, others[key], rtol=0, atol=1e-12), key


def _widths(layer: nn.Module) -> list[int]:
    """What a layer gives from now on, in units."""
    seen: list[int] = []
    layer.register_forward_hook(lambda _m, _i, y: seen.append(y.shape[-1]))
    return seen


@pytest.mark.parametrize("always", [True, False])
@pytest.mark.parametrize("p", [0.3, 0.9, 1.0])
@pytest.mark.parametrize("act", ACTS)
def test_it_equals_plain_layers_with_the_same_masks(act: str, p: float, always: bool) -> None:
    """In float64: outputs, and the gradient of every parameter."""
    _assert_equal(*_pair(p, act, always=always))


@pytest.mark.parametrize("shape", [(6,), (2, 7, 6), (1, 2, 3, 6), (0, 6)])
def test_it_equals_them_for_any_number_of_axes(shape: tuple[int, ...]) -> None:
    thinned, plain, _ = _pair(act="in place")
    _assert_equal(thinned, plain, torch.randn(shape, dtype=torch.float64))


def test_a_layer_can_be_the_second_of_one_pair_and_the_first_of_another() -> None:
    plain, thinned = _Deep(0.5, (-1,)).double(), _Deep(0.5, None).double()
    thinned.load_state_dict(plain.state_dict())
    _link(thinned, ("one", "first", "two"), count="binomial")
    _link(thinned, ("two", "second", "three"), count="binomial")
    _assert_equal(thinned, plain, torch.randn(5, 6, dtype=torch.float64))


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_torchs_transformer_layers_equal_plain_ones_with_the_same_masks(kind: str) -> None:
    make: Any = nn.TransformerEncoderLayer if kind == "encoder" else nn.TransformerDecoderLayer
    plain = make(8, 2, 32, 0.25, activation="gelu", batch_first=True).double()
    thinned = thin(plain, always=True)
    plain.dropout = Dropout(0.25, dims=(-1,))
    seen = _widths(thinned.linear1)
    memory = torch.randn(2, 3, 8, dtype=torch.float64)
    x = torch.randn(2, 5, 8, dtype=torch.float64)
    more = () if kind == "encoder" else (memory,)
    for seed in range(3):
        (y, gradients), (expected, others) = (
            _run(partial(_call, m, more), x, m, seed) for m in (thinned, plain)
        )
        assert torch.allclose(y, expected, rtol=0, atol=1e-12)
        for key, value in gradients.items():
            assert torch.allclose(value, others[key], rtol=0, atol=1e-12), key
    assert max(seen) < 32


@pytest.mark.parametrize("count", ["binomial", "exact"])
@pytest.mark.parametrize("p", [0.5, 1.0])
def test_stepping_aside_changes_no_result(count: str, p: float) -> None:
    thinned, _, x = _pair(p, count=count)
    aside = copy.deepcopy(thinned)
    aside.drop.pair.always = False
    seen, all_of_them = _widths(thinned.fc1), _widths(aside.fc1)
    _assert_equal(thinned, aside, x)

    assert all_of_them == [16] * 4
    assert max(seen) < 16


def test_it_thins_from_just_the_rows_that_it_says() -> None:
    model = nn.TransformerEncoderLayer(64, 2, 512, 0.5)
    thin_(model, count="exact")
    seen, least = _widths(model.linear1), least_rows((64, 512, 64), (0, 0.5, 0))
    for rows in (least - 1, least):
        model(torch.randn(rows, 1, 64))

    assert seen == [512, 256]
    assert f"thins from {least} rows" in repr(model.dropout)


def test_without_gradients_all_units_are_computed_and_the_same_ones_dropped() -> None:
    thinned, plain, x = _pair()
    seen = _widths(thinned.fc1)
    with torch.no_grad():
        torch.manual_seed(3)
        y = thinned(x)

    assert seen == [16]
    assert torch.allclose(y, _run(plain, x, plain)[0], rtol=0, atol=1e-12)


def test_cut_weights_get_exactly_no_gradient() -> None:
    thinned, _, x = _pair()
    _, gradients = _run(thinned, x, thinned)
    dropped = (gradients["fc1.weight"] == 0).all(dim=1)

    assert 0 < dropped.sum() < 16
    assert not gradients["fc1.bias"][dropped].any()
    assert not gradients["fc2.weight"][:, dropped].any()
    assert gradients["fc2.weight"][:, ~dropped].all()


@pytest.mark.parametrize("frozen", [("fc1",), ("fc2",), ("fc1", "fc2")])
def test_frozen_layers_are_thinned_too(frozen: tuple[str, ...]) -> None:
    thinned, plain, x = _pair()
    for model in (thinned, plain):
        for name in frozen:
            model.get_submodule(name).requires_grad_(False)
    seen = _widths(thinned.fc1)
    _assert_equal(thinned, plain, x)

    assert max(seen) < 16


def test_in_evaluation_and_at_p_0_they_are_the_plain_layers() -> None:
    for p, training in ((0.5, False), (0.0, True)):
        thinned, plain, x = _pair(p)
        (y, gradients), (expected, others) = (
            _run(m.train(training), x, m) for m in (thinned, plain)
        )

        assert torch.equal(y, expected)
        assert all(torch.equal(value, others[key]) for key, value in gradients.items())


def test_the_mode_of_the_dropout_layer_decides() -> None:
    thinned, plain, x = _pair()
    for drops in (True, False):
        for model in (thinned, plain):
            model.train(not drops).drop.train(drops)
        _assert_equal(thinned, plain, x)


@pytest.mark.parametrize("nested", [True, False])
def test_torchs_fast_path_in_evaluation_gives_what_it_gave(nested: bool) -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 32, batch_first=True)
    plain = nn.TransformerEncoder(layer, 2, enable_nested_tensor=nested).eval()
    thinned = thin(plain, always=True)
    x, padding = torch.randn(3, 5, 8), torch.arange(5).expand(3, 5) >= torch.tensor([[5], [4], [2]])
    calls = _widths(thinned.layers[0].norm1)
    calls_before = len(calls)
    with torch.no_grad():
        assert torch.equal(thinned(x), plain(x))
    thinned.layers[0].norm1._forward_hooks.clear()
    with torch.inference_mode():
        assert len(calls) == calls_before + 1  # a hook keeps torch from the fast path
        assert torch.equal(thinned(x), plain(x))
        if not nested:
            y, expected = (m(x, src_key_padding_mask=padding) for m in (thinned, plain))
            assert torch.equal(y, expected)
    assert len(calls) == calls_before + 1


@pytest.mark.parametrize("reentrant", [True, False])
@pytest.mark.parametrize("count", ["binomial", "exact"])
def test_recomputation_draws_the_same_units(count: str, reentrant: bool) -> None:
    thinned, _, x = _pair(count=count)

    def again(x: Tensor) -> Tensor:
        y: Tensor = checkpoint(thinned, x, use_reentrant=reentrant)
        return y

    for seed in range(4):
        (y, gradients), (expected, others) = (_run(m, x, thinned, seed) for m in (again, thinned))
        assert torch.allclose(y, expected, rtol=0, atol=1e-12)
        for key, value in gradients.items():
            assert torch.allclose(value, others[key], rtol=0, atol=1e-12), key


def test_gradients_are_those_of_finite_differences_twice() -> None:
    thinned, _, x = _pair(act="several", hold=10**6)
    weights = tuple(thinned.parameters())

    def run(x: Tensor, *_: Tensor) -> Tensor:
        y: Tensor = thinned(x)
        return y

    assert torch.autograd.gradcheck(run, (x.requires_grad_(), *weights))
    assert torch.autograd.gradgradcheck(run, (x[:1].detach().requires_grad_(), *weights))


@pytest.mark.parametrize("set_to_none", [True, False])
def test_written_gradients_are_those_of_autograd(set_to_none: bool) -> None:
    written, _, x = _pair(write_gradients=True)
    autograd = copy.deepcopy(written)
    autograd.drop.pair.memory.writes = False
    for seed in range(5):
        for model in (written, autograd):
            torch.manual_seed(seed)
            model.zero_grad(set_to_none)
            model(x).pow(2).sum().backward()
        for one, other in zip(written.parameters(), autograd.parameters(), strict=True):
            assert torch.allclose(one.grad, other.grad, rtol=0, atol=1e-13)


def test_a_held_draw_serves_several_passes_thinned_or_not() -> None:
    thinned, _, x = _pair(hold=2)
    for _ in range(3):
        first = thinned(x)
        with torch.no_grad():
            second = thinned(x)
        third = thinned(x)
        thinned(x)

        assert torch.allclose(first, second, rtol=0, atol=1e-12)
        assert not torch.allclose(first, third)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_linked_with_themselves(copied: Callable[[nn.Module], Any]) -> None:
    thinned, _, x = _pair()
    twin = copied(thinned)
    pair: Any = twin.drop.pair

    assert (pair.first, pair.dropout, pair.second) == (twin.fc1, twin.drop, twin.fc2)
    assert twin.fc1.behind is twin.fc2.before is pair
    assert pair is not thinned.drop.pair
    assert list(twin.state_dict()) == ["fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]
    assert torch.equal(_run(twin, x, twin)[0], _run(thinned, x, thinned)[0])
    thinned.drop.eval()
    seen = _widths(twin.fc1)
    _assert_equal(twin, _plain_like(twin), x)
    assert max(seen) < 16


def _plain_like(model: nn.Module) -> nn.Module:
    plain = _Mlp(F.gelu, Dropout(0.5, dims=(-1,))).double()
    plain.load_state_dict(model.state_dict())
    return plain


def test_a_pass_that_broke_off_leaves_nothing_behind() -> None:
    thinned, plain, x = _pair()
    act, thinned.act = thinned.act, lambda x: x.missing
    with pytest.raises(AttributeError):
        thinned(x)
    thinned.act = act
    _assert_equal(thinned, plain, x)


@pytest.mark.parametrize("count", ["binomial", "exact"])
def test_calls_of_the_first_layer_before_the_second_are_not_mixed_up(count: str) -> None:
    """Each result goes on with the units that were drawn for it."""
    thinned, _, x = _pair(count=count)
    torch.manual_seed(3)
    one, other = thinned(x), thinned(-x)
    torch.manual_seed(3)
    hidden = [F.gelu(thinned.fc1(value)) for value in (x, -x)]
    last, first = (thinned.fc2(thinned.drop(h)) for h in reversed(hidden))

    assert torch.equal(first, one)
    assert torch.equal(last, other)


def test_kept_units_of_another_origin_are_refused() -> None:
    thinned, _, x = _pair(0.5, count="exact")
    hidden = F.gelu(thinned.fc1(x))
    for layer in (thinned.drop, thinned.fc2):
        with pytest.raises(ModelError, match="takes all 16 units"):
            layer(hidden.detach())
        with pytest.raises(ModelError, match="takes all 16 units"):
            layer(torch.randn(5, 8, dtype=torch.float64, requires_grad=True))
    with pytest.raises(ModelError, match="got 7 units"):
        thinned.drop(hidden[:, 1:])
    with pytest.raises(ModelError, match="second layer"):
        thinned.fc2(hidden)  # past the dropout layer
    with pytest.raises(ModelError, match="dropout layer"):
        thinned.drop(thinned.drop(hidden))
    thinned.drop.eval()
    with pytest.raises(ModelError, match="dropout layer"):
        thinned.drop(hidden)


def test_units_kept_by_another_pair_are_refused() -> None:
    thinned, _, x = _pair(0.5, count="exact")
    other = copy.deepcopy(thinned)
    with pytest.raises(ModelError, match="dropout layer"):
        other.drop(thinned.fc1(x))
    with pytest.raises(ModelError, match="second layer"):
        other.fc2(thinned.drop(thinned.fc1(x)))


def test_a_dropout_layer_that_is_fed_by_others_drops_whole_units() -> None:
    thinned, _, _ = _pair()
    x = torch.randn(3, 16, requires_grad=True)
    torch.manual_seed(3)
    y = thinned.drop(x)
    torch.manual_seed(3)

    assert torch.equal(y, functional.dropout(x, 0.5, training=True, dims=(-1,)))


@pytest.mark.filterwarnings("ignore:.*Function.* should not be instantiated:DeprecationWarning")
def test_under_a_compiler_they_step_aside() -> None:
    thinned, _, x = _pair()
    compiled: Any = torch.compile(thinned, backend="eager", fullgraph=True)
    torch.manual_seed(3)
    y = compiled(x)
    torch.manual_seed(3)

    assert torch.allclose(y, thinned(x), rtol=0, atol=1e-12)


def test_under_autocast_they_compute_in_its_dtype() -> None:
    thinned, plain, x = _pair(write_gradients=True)
    seen = _widths(thinned.fc1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y, gradients = _run(thinned.float(), x.float(), thinned)
    expected, others = _run(plain.float(), x.float(), plain)

    assert y.dtype == torch.bfloat16
    assert max(seen) < 16
    assert torch.allclose(y.float(), expected, rtol=0.05, atol=0.05)
    for key, value in gradients.items():
        assert value.dtype == torch.float32
        assert torch.allclose(value, others[key], rtol=0.05, atol=0.1), key


def test_transforms_of_functions_see_the_same_units() -> None:
    thinned, plain, x = _pair()
    results = []
    for model in (thinned, plain):

        def loss(weights: dict[str, Tensor], model: nn.Module = model) -> Tensor:
            y: Tensor = torch.func.functional_call(model, weights, (x,))
            return y.pow(2).sum()

        torch.manual_seed(3)
        results.append(torch.func.grad(loss)(dict(model.named_parameters())))
    for key, value in results[0].items():
        assert torch.allclose(value, results[1][key], rtol=0, atol=1e-12), key


def test_a_dropout_layer_that_was_taken_out_is_missed() -> None:
    thinned, _, x = _pair(count="exact")
    thinned.drop = nn.Identity()
    with pytest.raises(ModelError, match=r"second layer .* got 8 units"):
        thinned(x)


def test_bad_settings_and_layers_that_do_not_fit_are_refused() -> None:
    layers: Any = nn.Linear(4, 8), nn.Dropout(0.5), nn.Linear(8, 4)
    for settings in ({"hold": 0}, {"count": "some"}):
        with pytest.raises(SettingError):
            thinned_pair(*layers, **settings)
    with pytest.raises(ModelError, match="as many units"):
        thinned_pair(layers[0], layers[1], layers[0])
