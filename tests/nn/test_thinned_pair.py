"""Thinned pairs against what they must equal: plain layers around dropout of whole units."""

from __future__ import annotations

import copy
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from torchdrop import functional
from torchdrop.nn import Dropout
from torchdrop.nn._thinning_pays import least_rows
from torchdrop.surgery import thin, thin_

from .mlp_pairs import ACTS, Deep, assert_equal, call, link, make_pair, run, widths


@pytest.mark.parametrize("always", [True, False])
@pytest.mark.parametrize("p", [0.3, 0.9, 1.0])
@pytest.mark.parametrize("act", ACTS)
def test_it_equals_plain_layers_with_the_same_masks(act: str, p: float, always: bool) -> None:
    """In float64: outputs, and the gradient of every parameter."""
    assert_equal(*make_pair(p, act, always=always))


@pytest.mark.parametrize("shape", [(6,), (2, 7, 6), (1, 2, 3, 6), (0, 6)])
def test_it_equals_them_for_any_number_of_axes(shape: tuple[int, ...]) -> None:
    thinned, plain, _ = make_pair(act="in place")
    assert_equal(thinned, plain, torch.randn(shape, dtype=torch.float64))


def test_a_layer_can_be_the_second_of_one_pair_and_the_first_of_another() -> None:
    plain, thinned = Deep(0.5, (-1,)).double(), Deep(0.5, None).double()
    thinned.load_state_dict(plain.state_dict())
    link(thinned, ("one", "first", "two"), count="binomial")
    link(thinned, ("two", "second", "three"), count="binomial")
    assert_equal(thinned, plain, torch.randn(5, 6, dtype=torch.float64))


@pytest.mark.parametrize("kind", ["encoder", "decoder"])
def test_torchs_transformer_layers_equal_plain_ones_with_the_same_masks(kind: str) -> None:
    make: Any = nn.TransformerEncoderLayer if kind == "encoder" else nn.TransformerDecoderLayer
    plain = make(8, 2, 32, 0.25, activation="gelu", batch_first=True).double()
    thinned = thin(plain, always=True)
    plain.dropout = Dropout(0.25, dims=(-1,))
    seen = widths(thinned.linear1)
    memory = torch.randn(2, 3, 8, dtype=torch.float64)
    x = torch.randn(2, 5, 8, dtype=torch.float64)
    more = () if kind == "encoder" else (memory,)
    for seed in range(3):
        (y, gradients), (expected, others) = (
            run(partial(call, m, more), x, m, seed) for m in (thinned, plain)
        )
        assert torch.allclose(y, expected, rtol=0, atol=1e-12)
        for key, value in gradients.items():
            assert torch.allclose(value, others[key], rtol=0, atol=1e-12), key
    assert max(seen) < 32


@pytest.mark.parametrize("count", ["binomial", "exact"])
@pytest.mark.parametrize("p", [0.5, 1.0])
def test_stepping_aside_changes_no_result(count: str, p: float) -> None:
    thinned, _, x = make_pair(p, count=count)
    aside = copy.deepcopy(thinned)
    aside.drop.pair.always = False
    seen, all_of_them = widths(thinned.fc1), widths(aside.fc1)
    assert_equal(thinned, aside, x)

    assert all_of_them == [16] * 4
    assert max(seen) < 16


def test_it_thins_from_just_the_rows_that_it_says() -> None:
    model = nn.TransformerEncoderLayer(64, 2, 512, 0.5)
    thin_(model, count="exact")
    seen, least = widths(model.linear1), least_rows((64, 512, 64), (0, 0.5, 0))
    for rows in (least - 1, least):
        model(torch.randn(rows, 1, 64))

    assert seen == [512, 256]
    assert f"thins from {least} rows" in repr(model.dropout)


def test_without_gradients_all_units_are_computed_and_the_same_ones_dropped() -> None:
    thinned, plain, x = make_pair()
    seen = widths(thinned.fc1)
    with torch.no_grad():
        torch.manual_seed(3)
        y = thinned(x)

    assert seen == [16]
    assert torch.allclose(y, run(plain, x, plain)[0], rtol=0, atol=1e-12)


def test_cut_weights_get_exactly_no_gradient() -> None:
    thinned, _, x = make_pair()
    _, gradients = run(thinned, x, thinned)
    dropped = (gradients["fc1.weight"] == 0).all(dim=1)

    assert 0 < dropped.sum() < 16
    assert not gradients["fc1.bias"][dropped].any()
    assert not gradients["fc2.weight"][:, dropped].any()
    assert gradients["fc2.weight"][:, ~dropped].all()


@pytest.mark.parametrize("frozen", [("fc1",), ("fc2",), ("fc1", "fc2")])
def test_frozen_layers_are_thinned_too(frozen: tuple[str, ...]) -> None:
    thinned, plain, x = make_pair()
    for model in (thinned, plain):
        for name in frozen:
            model.get_submodule(name).requires_grad_(False)
    seen = widths(thinned.fc1)
    assert_equal(thinned, plain, x)

    assert max(seen) < 16


def test_in_evaluation_and_at_p_0_they_are_the_plain_layers() -> None:
    for p, training in ((0.5, False), (0.0, True)):
        thinned, plain, x = make_pair(p)
        (y, gradients), (expected, others) = (
            run(m.train(training), x, m) for m in (thinned, plain)
        )

        assert torch.equal(y, expected)
        assert all(torch.equal(value, others[key]) for key, value in gradients.items())


def test_the_mode_of_the_dropout_layer_decides() -> None:
    thinned, plain, x = make_pair()
    for drops in (True, False):
        for model in (thinned, plain):
            model.train(not drops).drop.train(drops)
        assert_equal(thinned, plain, x)


@pytest.mark.parametrize("nested", [True, False])
def test_torchs_fast_path_in_evaluation_gives_what_it_gave(nested: bool) -> None:
    layer = nn.TransformerEncoderLayer(8, 2, 32, batch_first=True)
    plain = nn.TransformerEncoder(layer, 2, enable_nested_tensor=nested).eval()
    thinned = thin(plain, always=True)
    x, padding = torch.randn(3, 5, 8), torch.arange(5).expand(3, 5) >= torch.tensor([[5], [4], [2]])
    calls = widths(thinned.layers[0].norm1)
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


def test_gradients_are_those_of_finite_differences_twice() -> None:
    thinned, _, x = make_pair(act="several", hold=10**6)
    weights = tuple(thinned.parameters())

    def run(x: Tensor, *_: Tensor) -> Tensor:
        y: Tensor = thinned(x)
        return y

    assert torch.autograd.gradcheck(run, (x.requires_grad_(), *weights))
    assert torch.autograd.gradgradcheck(run, (x[:1].detach().requires_grad_(), *weights))


@pytest.mark.parametrize("set_to_none", [True, False])
def test_written_gradients_are_those_of_autograd(set_to_none: bool) -> None:
    written, _, x = make_pair(write_gradients=True)
    autograd = copy.deepcopy(written)
    autograd.drop.pair.memory.writes = False
    for seed in range(5):
        for model in (written, autograd):
            torch.manual_seed(seed)
            model.zero_grad(set_to_none)
            model(x).pow(2).sum().backward()
        for one, other in zip(written.parameters(), autograd.parameters(), strict=True):
            assert torch.allclose(one.grad, other.grad, rtol=0, atol=1e-13)


def test_a_dropout_layer_that_is_fed_by_others_drops_whole_units() -> None:
    thinned, _, _ = make_pair()
    x = torch.randn(3, 16, requires_grad=True)
    torch.manual_seed(3)
    y = thinned.drop(x)
    torch.manual_seed(3)

    assert torch.equal(y, functional.dropout(x, 0.5, training=True, dims=(-1,)))


@pytest.mark.filterwarnings("ignore:.*Function.* should not be instantiated:DeprecationWarning")
def test_under_a_compiler_they_step_aside() -> None:
    thinned, _, x = make_pair()
    compiled: Any = torch.compile(thinned, backend="eager", fullgraph=True)
    torch.manual_seed(3)
    y = compiled(x)
    torch.manual_seed(3)

    assert torch.allclose(y, thinned(x), rtol=0, atol=1e-12)


def test_under_autocast_they_compute_in_its_dtype() -> None:
    thinned, plain, x = make_pair(write_gradients=True)
    seen = widths(thinned.fc1)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        y, gradients = run(thinned.float(), x.float(), thinned)
    expected, others = run(plain.float(), x.float(), plain)

    assert y.dtype == torch.bfloat16
    assert max(seen) < 16
    assert torch.allclose(y.float(), expected, rtol=0.05, atol=0.05)
    for key, value in gradients.items():
        assert value.dtype == torch.float32
        assert torch.allclose(value, others[key], rtol=0.05, atol=0.1), key
